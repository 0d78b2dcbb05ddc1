"""The champion: what the ledger decided, MLflow's alias that mirrors it, and a local copy that outlives both.

Who moved the alias? A promotion of ours that the alias has not followed yet is mirrored. An alias on a version
whose own promotion was never seen to be followed was set late by a run that has been overtaken: it is put back.
Anything else is somebody's hand, and is honoured as a promotion.
"""

import shutil
from datetime import timedelta
from pathlib import Path

from ventas.errors import ModelUnusable, NotFound
from ventas.ledger import Ledger, Promotion
from ventas.registry import ARCHIVED, CHAMPION, JUDGED_FILE, PRODUCTION, SERVED_TAG, STAGE_TAG, Registry
from ventas.served import ServedModel, load_served
from ventas.settings import Settings
from ventas.times import utc_now

COPIES_KEPT = 3
CHANNEL = "ventas:champion"  # Redis pub/sub: its message is the new champion's version
# An alias that a promotion has not got by now will not be set late any more.
LATE_AFTER = timedelta(minutes=10)


class ChampionSource:
    """Where the API gets its model from."""

    def __init__(self, settings: Settings, ledger: Ledger | None = None, registry: Registry | None = None):
        self._ledger = ledger or Ledger(settings)
        self._registry = registry or Registry(settings)
        self._copies = settings.home / "champion"

    def current_version(self) -> int | None:
        """The champion's version, or None while there is none. Raises LedgerUnavailable."""
        head = self._ledger.promotions.head()
        return head.model_version if head else None

    def fetch(self, version: int) -> ServedModel:
        """The fit of `version` that is to be served, from the local copy or from MLflow.

        Raises RegistryUnavailable, and ModelUnusable where the version has no such file or it cannot be used.
        """
        path = self._copies / str(version) / "model.skops"
        if not path.exists():
            self._download(version, path)
        return load_served(path, version)

    def last_good(self) -> ServedModel | None:
        """The newest local copy that still loads, without any network; None where there is none."""
        for path in sorted(self._copies.glob("*/model.skops"), key=lambda p: p.stat().st_mtime, reverse=True):
            try:
                return load_served(path, int(path.parent.name))
            except ModelUnusable:
                continue  # an older copy may do
        return None

    def reconcile(self) -> None:
        """Bring ledger and alias together. Raises RegistryUnavailable and LedgerUnavailable."""
        reconcile(self._ledger, self._registry)

    def _download(self, version: int, path: Path) -> None:
        folder = path.parent.with_name(f".{version}.{utc_now().timestamp()}")
        try:
            described = self._registry.version(version)
            artifact = described.tags.get(SERVED_TAG, JUDGED_FILE)
            fetched = self._registry.download(described, artifact, folder)
            load_served(fetched, version)  # a copy that does not load must not become the last good one
            path.parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(path)
        except NotFound as error:
            raise ModelUnusable(str(error)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._forget_old_copies()

    def _forget_old_copies(self) -> None:
        copies = sorted(self._copies.glob("[0-9]*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for folder in copies[COPIES_KEPT:]:
            shutil.rmtree(folder, ignore_errors=True)


def mirror(ledger: Ledger, registry: Registry, promotion: Promotion) -> None:
    """Let MLflow's alias and stage tags follow a promotion, unless it has been overtaken meanwhile."""
    head = ledger.promotions.head()
    if head is not None and head.id == promotion.id:
        registry.set_alias(CHAMPION, promotion.model_version)
        registry.set_tags(promotion.model_version, {STAGE_TAG: PRODUCTION})
        if promotion.previous_version not in (None, promotion.model_version):
            registry.set_tags(promotion.previous_version, {STAGE_TAG: ARCHIVED})
    ledger.promotions.mark_mirrored(promotion.id, give_up_before=utc_now() - LATE_AFTER)


def reconcile(ledger: Ledger, registry: Registry) -> None:
    """See who moved the alias (above), and mirror, put back or honour it."""
    head, alias = ledger.promotions.head(), registry.champion_alias()
    if head is not None and head.mirrored_at is None:
        mirror(ledger, registry, head)
    elif alias is None or (head is not None and alias == head.model_version):
        return
    elif head is not None and (stale := ledger.promotions.unsettled(alias)):
        registry.set_alias(CHAMPION, head.model_version)
        ledger.promotions.mark_mirrored(stale.id)
    else:
        _honour(ledger, registry, alias, head)


def _honour(ledger: Ledger, registry: Registry, alias: int, head: Promotion | None) -> None:
    reason = f"The alias {CHAMPION} was moved to version {alias} in MLflow."
    if not ledger.promotions.record_manual(alias, head, actor="mlflow", reason=reason):
        return  # the champion changed just now; the next look sees how things stand
    registry.set_tags(alias, {STAGE_TAG: PRODUCTION})
    if head is not None:
        registry.set_tags(head.model_version, {STAGE_TAG: ARCHIVED})
