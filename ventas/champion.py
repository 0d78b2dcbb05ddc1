"""The champion: what the ledger decided, MLflow's alias that mirrors it, and a local copy that outlives both.

Whoever of ours sets the alias holds a claim in the ledger, and looks at the alias right before: what neither the
promotions nor a claim explain is a person's choice, however shortly after a promotion it comes. It is honoured as a
promotion if the version passes the checks; else the alias is put back. An alias on a version whose claim was never
given back was set late by a process that has been overtaken: it is put back too.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
import structlog

from ventas.card_files import add_verdict
from ventas.checks import checked
from ventas.errors import (
    ChampionChanged,
    Conflict,
    LedgerUnavailable,
    ModelUnusable,
    NotFound,
    RegistryUnavailable,
)
from ventas.ledger import Ledger, Promotion
from ventas.registry import (
    ARCHIVED,
    CHAMPION,
    PRODUCTION,
    REJECTED,
    STAGE_TAG,
    AliasPlace,
    Registry,
    served_file,
)
from ventas.served import ServedModel, load_served
from ventas.settings import Settings

log = structlog.get_logger()

COPIES_KEPT = 3
# For those who look in MLflow; the ledger knows which versions wait.
APPROVAL_TAG, AWAITED, APPROVED = "ventas.approval", "awaited", "approved"
CHANNEL = "ventas:champion"  # Redis pub/sub: its message is the new champion's version


class ChampionSource:
    """Where the API gets its model from."""

    def __init__(self, settings: Settings, ledger: Ledger | None = None, registry: Registry | None = None):
        self._settings = settings
        self._ledger = ledger or Ledger(settings)
        self._registry = registry or Registry(settings)
        self._copies = _copies(settings)
        self._unfit: dict[int, str] = {}

    def current_version(self) -> int | None:
        """The champion's version, or None while there is none. Raises LedgerUnavailable."""
        head = self._ledger.promotions.head()
        return head.model_version if head else None

    def fetch(self, version: int) -> ServedModel:
        """The fit of `version` that is to be served, from the local copy or from MLflow.

        Raises RegistryUnavailable, and ModelUnusable where the version has no such file or it cannot be used.
        """
        path = local_copy(self._settings, version)
        if not path.exists():
            self._download(version)
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
        reconcile(self._ledger, self._registry, self._check_once)

    def promote(self, version: int, actor: str, reason: str) -> Promotion:
        """Make `version` the champion by hand: recorded in the ledger, mirrored in MLflow, announced.

        Raises NotFound, Conflict where it is champion already, ModelUnusable where it fails its checks,
        ChampionChanged, RegistryUnavailable and LedgerUnavailable; then nothing has changed.
        """
        head = self._ledger.promotions.head()
        if head is not None and head.model_version == version:
            raise Conflict(f"Version {version} is the champion already.")
        self._check(version)
        promotion = self._ledger.promotions.record_manual(version, head, actor, reason, mirrored=False)
        if promotion is None:
            raise ChampionChanged("Another version became champion meanwhile; look, then decide again.")
        follow(self._settings, self._ledger, self._registry, promotion)
        return promotion

    def approve(self, version: int, actor: str, reason: str) -> Promotion:
        """Let a held promotion happen: recorded with its run, mirrored in MLflow, announced.

        Raises NotFound, Conflict where the version is not held or its verdict no longer holds, ModelUnusable where
        it fails its checks, RegistryUnavailable and LedgerUnavailable; then nothing has changed.
        """
        self._ledger.approvals.require(version)
        self._check(version)
        promotion = self._ledger.approvals.approve(version, actor, reason)
        follow(self._settings, self._ledger, self._registry, promotion)
        self._tell_approval(promotion)
        return promotion

    def _tell_approval(self, promotion: Promotion) -> None:
        """Tag and card of the version follow; the ledger has it in any case."""
        try:
            run = self._ledger.runs.get(promotion.run_id or "")
            described = self._registry.version(promotion.model_version)
            self._registry.set_tags(described.version, {APPROVAL_TAG: APPROVED})
        except (LedgerUnavailable, RegistryUnavailable, NotFound) as error:
            log.warning("approval_not_tagged", version=promotion.model_version, reason=str(error))
            return
        with scratch_folder(self._settings) as folder:
            add_verdict(self._registry, described, (run and run.verdict) or {}, folder)

    def _check(self, version: int) -> None:
        """Raises NotFound, ModelUnusable with the check that fails, and RegistryUnavailable."""
        described = self._registry.version(version)
        with scratch_folder(self._settings) as folder:
            checked(self._registry, described, folder)

    def _check_once(self, version: int) -> None:
        """The same, but what failed is not downloaded again at every poll."""
        if version in self._unfit:
            raise ModelUnusable(self._unfit[version])
        try:
            self._check(version)
        except ModelUnusable as error:
            self._unfit[version] = str(error)
            raise

    def _download(self, version: int) -> None:
        try:
            described = self._registry.version(version)
            with scratch_folder(self._settings) as folder:
                fetched = self._registry.download(described, served_file(described), folder)
                load_served(fetched, version)  # a copy that does not load must not become the last good one
                _become_copy(self._settings, version, fetched)
        except NotFound as error:
            raise ModelUnusable(str(error)) from error


def _copies(settings: Settings) -> Path:
    return settings.home / "champion"


def local_copy(settings: Settings, version: int) -> Path:
    """Where the served file of a version is kept on this machine, if it is."""
    return _copies(settings) / str(version) / "model.skops"


def keep_copy(settings: Settings, version: int, served: bytes) -> None:
    """Leave the served file of a version that is champion as local copy, for an API that shares the state folder.

    Only a file that has passed its checks may come here. Without the copy the API fetches it from MLflow.
    """
    try:
        with scratch_folder(settings) as folder:
            written = folder / local_copy(settings, version).name
            written.write_bytes(served)
            _become_copy(settings, version, written)
    except OSError as error:
        log.warning("champion_not_copied", version=version, reason=str(error))


def _become_copy(settings: Settings, version: int, file: Path) -> None:
    """Move a whole file to where the copy of a version is, and let the oldest copies go."""
    path = local_copy(settings, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.replace(path)
    copies = sorted(_copies(settings).glob("[0-9]*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for folder in copies[COPIES_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


class LoadedChampion:
    """The champion as a worker asks it: loaded once for each version."""

    def __init__(self, source: ChampionSource):
        self._source = source
        self._model: ServedModel | None = None

    def now(self) -> ServedModel | None:
        """The champion, or None while there is none.

        Raises LedgerUnavailable, RegistryUnavailable, and ModelUnusable where its file cannot be used.
        """
        version = self._source.current_version()
        if version is None:
            return None
        if self._model is None or self._model.version != version:
            self._model = self._source.fetch(version)
        return self._model


@contextmanager
def scratch_folder(settings: Settings) -> Iterator[Path]:
    """A folder for files that are needed for a moment."""
    scratch = settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch) as folder:
        yield Path(folder)


def follow(settings: Settings, ledger: Ledger, registry: Registry, promotion: Promotion) -> None:
    """Wake the API and mirror a promotion in MLflow; both would find it by themselves a little later."""
    version = promotion.model_version
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
            broker.publish(CHANNEL, str(version))
    except redis.RedisError as error:
        log.warning("champion_not_announced", version=version, reason=str(error))
    try:
        mirror(ledger, registry, promotion)
    except (RegistryUnavailable, LedgerUnavailable) as error:
        log.warning("alias_not_mirrored", version=version, reason=str(error))


def mirror(ledger: Ledger, registry: Registry, promotion: Promotion) -> None:
    """Let MLflow's alias and stage tags follow a promotion, unless it was overtaken or somebody moved the alias.

    Raises RegistryUnavailable and LedgerUnavailable.
    """
    _move_alias(ledger, registry, promotion, lambda place: _explains(ledger, promotion, place))


def reconcile(ledger: Ledger, registry: Registry, check: Callable[[int], None]) -> None:
    """See who moved the alias (above), and mirror, put back or honour it.

    `check` raises ModelUnusable or NotFound for a version that must not be served.
    """
    head, place = ledger.promotions.head(), registry.champion_place()
    alias = place.version
    if head is None:
        if alias is not None:
            _honour(ledger, registry, alias, head, check)
    elif head.mirrored_at is None and _explains(ledger, head, place):
        mirror(ledger, registry, head)
    elif alias is None:
        _restore_alias(ledger, registry, head)
    elif alias == head.model_version or not _still_head(ledger, head):
        return  # all is well, or a promotion came between the two looks and the alias is its own
    elif ledger.alias_claims.may_be_late(alias):
        if _move_alias(ledger, registry, head, lambda now: now.version == alias):
            ledger.alias_claims.forget(alias)
    else:
        _honour(ledger, registry, alias, head, check)


def _move_alias(
    ledger: Ledger, registry: Registry, promotion: Promotion, may_move: Callable[[AliasPlace], bool]
) -> bool:
    """Set the alias to a promotion's version where `may_move` allows it from where it is; tell whether it did."""
    claim = ledger.alias_claims.take(promotion)
    if claim is None:
        return False
    try:
        place = registry.champion_place()
        if may_move(place):
            _tag_stages(registry, promotion)
            place = registry.champion_place()
    except RegistryUnavailable:
        ledger.alias_claims.give_back(claim)
        raise
    is_moved = may_move(place) and _set_alias(ledger, registry, promotion, claim, place)
    ledger.alias_claims.give_back(claim, mirrored=promotion if is_moved else None)
    return is_moved


def _set_alias(
    ledger: Ledger, registry: Registry, promotion: Promotion, claim: str, place: AliasPlace
) -> bool:
    try:
        return registry.move_champion(promotion.model_version, place)
    except NotFound as error:  # somebody has deleted the version: there is nothing to follow
        log.warning("alias_not_mirrored", version=promotion.model_version, reason=str(error))
        return True
    except RegistryUnavailable:
        ledger.alias_claims.let_expire(claim)
        raise


def _tag_stages(registry: Registry, promotion: Promotion) -> None:
    """Say in MLflow which version is in production and which no longer is; one that is gone is passed over."""
    stages = {promotion.previous_version: ARCHIVED} | {promotion.model_version: PRODUCTION}
    for version, stage in stages.items():
        if version is not None:
            _tag_stage(registry, version, stage)


def _tag_stage(registry: Registry, version: int, stage: str) -> None:
    try:
        registry.set_tags(version, {STAGE_TAG: stage})
    except NotFound as error:
        log.warning("stage_not_tagged", version=version, stage=stage, reason=str(error))


def _restore_alias(ledger: Ledger, registry: Registry, head: Promotion) -> None:
    """An alias that somebody deleted names no other champion; it goes with a version that is deleted."""
    if registry.has_version(head.model_version):
        _move_alias(ledger, registry, head, lambda place: place.version is None)


def _explains(ledger: Ledger, promotion: Promotion, place: AliasPlace) -> bool:
    return ledger.alias_claims.explains(promotion, place.version, place.by_hand_at)


def _still_head(ledger: Ledger, head: Promotion) -> bool:
    now = ledger.promotions.head()
    return now is not None and now.id == head.id


def _honour(
    ledger: Ledger, registry: Registry, alias: int, head: Promotion | None, check: Callable[[int], None]
) -> None:
    try:
        check(alias)
    except (ModelUnusable, NotFound) as error:
        if head is not None:  # before the first champion it is only not heeded
            _put_back(ledger, registry, alias, head, str(error))
        return
    reason = f"The alias {CHAMPION} was moved to version {alias} in MLflow."
    promotion = ledger.promotions.record_manual(alias, head, actor="mlflow", reason=reason, mirrored=True)
    if promotion is not None:  # else the champion changed just now; the next look sees how things stand
        _tag_stages(registry, promotion)


def _put_back(ledger: Ledger, registry: Registry, alias: int, head: Promotion, reason: str) -> None:
    """Undo a hand that named a version that must not be served."""
    _move_alias(ledger, registry, head, lambda now: now.version == alias)
    _tag_stage(registry, alias, REJECTED)
    log.warning("alias_put_back", version=alias, champion=head.model_version, reason=reason)
