"""What ON_ALERT does about an alert beyond recording it: each cause once, and again only what was cut short."""

import structlog

from ventas.champion import ChampionSource
from ventas.errors import ChampionChanged, Conflict, ModelUnusable, NotFound
from ventas.ledger.tables import Alert
from ventas.pipeline.context import Context

log = structlog.get_logger()
ACTOR = "alert"


def react(context: Context, run_id: str) -> None:
    """Take the actions that are due. Raises LedgerUnavailable and RegistryUnavailable; then they stay due."""
    for alert in context.ledger.alerts.due():
        note = _retrain(context, alert, run_id) if alert.action == "retrain" else _roll_back(context, alert)
        context.ledger.alerts.settle(alert.id, note)
        log.warning("alert_acted_on", kind=alert.kind, action=alert.action, note=note)


def _retrain(context: Context, alert: Alert, run_id: str) -> str:
    """The upload that raised the alert is the newest truth: it is trained, even if a newer one comes meanwhile."""
    context.ledger.replays.insist(run_id, ACTOR, f"An alert asked for this training: {alert.message}")
    return f"Run {run_id} trains, whatever comes meanwhile."


def _roll_back(context: Context, alert: Alert) -> str:
    head = context.ledger.promotions.head()
    if head is None or head.model_version != alert.model_version:
        return f"Version {alert.model_version} was no longer champion; nothing was changed."
    rival = alert.rival_version
    versions = [rival] if rival else context.ledger.alerts.fallbacks(alert.model_version)
    if not versions:
        return "There is no earlier champion without an alert of its own; nothing was changed."
    source = ChampionSource(context.settings, context.ledger, context.registry)
    notes = []
    for version in versions:
        try:
            source.promote(version, ACTOR, alert.message)
        except (ModelUnusable, NotFound) as error:  # the one before it may do
            notes.append(f"Version {version} was not put in its place: {error}")
        except (Conflict, ChampionChanged) as error:
            return f"Version {version} was not put in its place: {error}"
        else:
            return " ".join([*notes, f"Version {version} was put in its place."])
    return " ".join(notes)
