"""When an operator is told: a champion that errs more than it did, a shadow that beats it, inputs that drift."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ventas.contract import shown
from ventas.ledger.alerts import Action, NewAlert
from ventas.ledger.outcomes import LiveError, Rivalry
from ventas.settings import Settings

_LONGEST_CAUSE = 500  # of its last part; PostgreSQL indexes no text without end


def overtaken(champion: int, rivalries: Sequence[Rivalry], settings: Settings) -> Iterator[NewAlert]:
    """That a shadow had the lower error on the same ALERT_MIN_ROWS days or more: the best of them."""
    fit = [one for one in rivalries if one.rows >= settings.ALERT_MIN_ROWS]
    best = min(fit, key=lambda one: one.shadow_rmse, default=None)
    if best is None or best.shadow_rmse >= best.champion_rmse:
        return
    yield NewAlert(
        kind="overtaken",
        cause=f"overtaken:{champion}:{best.shadow_version}",
        model_version=champion,
        rival_version=best.shadow_version,
        message=(
            f"On {best.rows} forecasts that came true, version {best.shadow_version} in the shadow has RMSE "
            f"{best.shadow_rmse:.2f}, below {best.champion_rmse:.2f} of champion version {champion}."
        ),
        value=best.shadow_rmse,
        limit=best.champion_rmse,
    )


def live_error(live: LiveError | None, settings: Settings) -> Iterator[NewAlert]:
    """That a champion's RMSE in reality is more than ALERT_ERROR_RATIO times that of its verdict."""
    if live is None or live.verdict_rmse is None or live.rows < settings.ALERT_MIN_ROWS:
        return
    limit = settings.ALERT_ERROR_RATIO * live.verdict_rmse
    if live.rmse <= limit:
        return
    yield NewAlert(
        kind="live_error",
        cause=f"live_error:{live.model_version}",
        model_version=live.model_version,
        message=(
            f"On {live.rows} forecasts that came true, champion version {live.model_version} has RMSE "
            f"{live.rmse:.2f}, more than {settings.ALERT_ERROR_RATIO:g} times {live.verdict_rmse:.2f} when it "
            "was judged."
        ),
        value=live.rmse,
        limit=limit,
    )


def drifted(
    champion: int, found: Mapping[str, float], columns: Collection[str], settings: Settings
) -> Iterator[NewAlert]:
    """Each of `columns` whose PSI against the champion's training rows is above ALERT_PSI; the absent ones in one."""
    high = {name: psi for name, psi in found.items() if psi > settings.ALERT_PSI}
    absent = [name for name in high if name not in columns]
    for name in (name for name in high if name in columns):
        text = f"Column {name} is spread otherwise than in the training of champion version {champion}"
        yield _drift(champion, name, text, high[name], settings)
    if absent:
        names = ", ".join(shown(name) for name in absent)
        text = f"The file has none of the columns {names} that champion version {champion} learnt from"
        cause = f"absent:{','.join(absent)}"[:_LONGEST_CAUSE]
        yield _drift(champion, cause, text, max(high[name] for name in absent), settings)


def _drift(champion: int, what: str, text: str, psi: float, settings: Settings) -> NewAlert:
    return NewAlert(
        kind="drift",
        cause=f"drift:{champion}:{what}",
        model_version=champion,
        message=f"{text}: PSI {psi:.2f}, above {settings.ALERT_PSI:g}.",
        value=psi,
        limit=settings.ALERT_PSI,
    )


def action_of(alert: NewAlert, settings: Settings) -> Action:
    """What ON_ALERT means for an alert; an earlier model knows drifted inputs no better, so none is put back."""
    if alert.kind == "drift" and settings.ON_ALERT == "rollback":
        return "record"
    return settings.ON_ALERT
