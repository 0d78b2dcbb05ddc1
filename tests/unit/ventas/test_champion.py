"""Who moved the alias: our promotion, a run that was overtaken, or somebody's hand."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import skops.io
from sqlalchemy import update

from ventas.champion import ChampionSource, mirror, reconcile
from ventas.errors import ChampionChanged, Conflict, ModelUnusable, NotFound, RegistryUnavailable
from ventas.ledger import Ledger, Promotion
from ventas.ledger.tables import AliasClaim
from ventas.registry import AliasPlace, ModelVersion
from ventas.times import iso_z, utc_now
from ventas.training import refit, search

DATES = pd.date_range("2024-01-01", periods=60)
SALES = pd.DataFrame(
    {
        "Fecha": DATES,
        "DíaDeLaSemana": DATES.day_of_week + 1,
        "Promociones": 0,
        "Festivo": (DATES.day_of_week == 6).astype(int),
        "Ventas": 100.0 * (DATES.day_of_week + 1),
    }
)
QUICK = {"SEARCH": "grid", "GRID_N_ESTIMATORS": [3], "GRID_MAX_DEPTH": [None], "GRID_MIN_SAMPLES_SPLIT": [2]}


class FakeRegistry:
    """Our own fake of the registry's port: one alias, and tags by version.

    `before` are things that happen once, right before a call of that name.
    """

    def __init__(self) -> None:
        self.alias: int | None = None
        self.hand_mark: str | None = None
        self.tags: dict[int, dict[str, str]] = {}
        self.away = False
        self.gone: set[int] = set()
        self.before: dict[str, Callable[[], None]] = {}

    def champion_place(self) -> AliasPlace:
        self._happen("champion_place")
        return AliasPlace(self.alias, self.hand_mark)

    def set_alias(self, alias: str, version: int) -> None:
        assert alias == "champion"
        self._happen("set_alias")
        self._require(version)
        self.alias = version

    def move_champion(self, version: int, place: AliasPlace) -> bool:
        self._happen("move_champion")
        if AliasPlace(self.alias, self.hand_mark) != place:
            return False
        self.set_alias("champion", version)
        return True

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        self._happen("set_tags")
        self._require(version)
        self.tags.setdefault(version, {}).update(tags)

    def has_version(self, number: int) -> bool:
        return number not in self.gone

    def _happen(self, call: str) -> None:
        self.before.pop(call, lambda: None)()
        if self.away:
            raise RegistryUnavailable("MLflow is away")

    def _require(self, version: int) -> None:
        if version in self.gone:
            raise NotFound(f"There is no version {version}.")


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def _fit(version: int) -> None:
    """Every version passes its checks."""


def _unfit(version: int) -> None:
    raise ModelUnusable(f"Version {version} must not be served: it answers nan.")


def _promote(ledger: Ledger, version: int, age: timedelta = timedelta(0)) -> Promotion:
    head = ledger.promotions.head()
    promotion = Promotion(
        created_at=utc_now() - age,
        model_version=version,
        previous_version=head.model_version if head else None,
        source="verdict",
        actor="pipeline",
        reason="better",
    )
    with ledger.database.write() as session:
        session.add(promotion)
    return promotion


def test_a_promotion_is_mirrored_with_its_stages(ledger: Ledger, registry: FakeRegistry) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    mirror(ledger, registry, _promote(ledger, 2))
    assert registry.alias == 2
    assert registry.tags == {1: {"stage": "Archived"}, 2: {"stage": "Production"}}
    assert ledger.promotions.head().mirrored_at is not None


def test_a_promotion_that_could_not_be_mirrored_is_mirrored_later(ledger, registry) -> None:
    promotion = _promote(ledger, 1)
    registry.away = True
    with pytest.raises(RegistryUnavailable):
        mirror(ledger, registry, promotion)
    registry.away = False
    reconcile(ledger, registry, _fit)
    assert registry.alias == 1


def test_a_run_that_was_overtaken_does_not_mirror(ledger, registry) -> None:
    late = _promote(ledger, 1)
    mirror(ledger, registry, _promote(ledger, 2))
    mirror(ledger, registry, late)
    assert registry.alias == 2


def _die() -> None:
    raise KeyboardInterrupt


def _mirror_hanging(ledger: Ledger, registry: FakeRegistry, promotion: Promotion) -> None:
    """A process that hangs right before it sets the alias, for so long that others go on without it."""
    registry.before["set_alias"] = _die
    with pytest.raises(KeyboardInterrupt):
        mirror(ledger, registry, promotion)
    _expire_claims(ledger)


def _expire_claims(ledger: Ledger) -> None:
    with ledger.database.write() as session:
        session.execute(update(AliasClaim).values(expires_at=utc_now()))


def test_an_alias_set_late_by_a_hanging_run_is_put_back(ledger, registry) -> None:
    _mirror_hanging(ledger, registry, _promote(ledger, 1))
    mirror(ledger, registry, _promote(ledger, 2))
    assert registry.alias == 2
    registry.alias = 1  # the one that hung goes on only now
    reconcile(ledger, registry, _fit)
    assert (registry.alias, ledger.promotions.head().model_version) == (2, 2)
    registry.alias = 1
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().source == "manual", "late happens once; this was a hand"


def test_an_alias_set_late_over_a_hands_choice_is_put_back(ledger, registry) -> None:
    """Another process had mirrored the promotion meanwhile, so the ledger knew it as settled."""
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    promotion = _promote(ledger, 3)
    _mirror_hanging(ledger, registry, promotion)
    reconcile(ledger, registry, _fit)
    registry.alias = 1  # by hand
    reconcile(ledger, registry, _fit)
    registry.alias = 3  # late
    reconcile(ledger, registry, _fit)
    assert (registry.alias, ledger.promotions.head().model_version) == (1, 1)


def test_a_process_that_goes_on_after_a_pause_does_not_pass_for_a_hand(ledger, registry) -> None:
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    promotion = _promote(ledger, 3)

    def meanwhile() -> None:
        _expire_claims(ledger)
        reconcile(ledger, registry, _fit)
        registry.alias = 1  # by hand
        reconcile(ledger, registry, _fit)

    registry.before["set_alias"] = meanwhile
    mirror(ledger, registry, promotion)
    assert registry.alias == 3
    reconcile(ledger, registry, _fit)
    assert (registry.alias, ledger.promotions.head().model_version) == (1, 1)


def test_while_one_process_sets_the_alias_no_other_does(ledger, registry) -> None:
    """Else the slower one would set it over what somebody chose in between."""
    mirror(ledger, registry, _promote(ledger, 1))
    promotion = _promote(ledger, 2)
    moves: list[int | None] = []

    def meanwhile() -> None:
        reconcile(ledger, registry, _fit)
        moves.append(registry.alias)

    registry.before["set_alias"] = meanwhile
    mirror(ledger, registry, promotion)
    assert moves == [1]
    registry.alias = 1  # by hand, at once
    mirror(ledger, registry, promotion)
    assert registry.alias == 1, "the promotion was mirrored already"
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().source == "manual"


@pytest.mark.parametrize("moment", ["before", "champion_place", "set_tags", "move_champion"])
def test_a_hand_that_comes_between_a_promotion_and_its_mirror_is_honoured(ledger, registry, moment) -> None:
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    promotion = _promote(ledger, 3)

    def by_hand() -> None:
        registry.alias = 1

    if moment == "before":
        by_hand()
    else:
        registry.before[moment] = by_hand
    mirror(ledger, registry, promotion)
    assert registry.alias == 1
    reconcile(ledger, registry, _fit)
    head = ledger.promotions.head()
    assert (head.model_version, head.previous_version, head.source) == (1, 3, "manual")
    stages = {version: tags["stage"] for version, tags in registry.tags.items()}
    assert (registry.alias, stages[1], stages[3]) == (1, "Production", "Archived")
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().id == head.id


@pytest.mark.parametrize("moment", ["before", "champion_place", "set_tags", "move_champion"])
def test_a_hand_that_keeps_the_champion_before_is_honoured(ledger, registry, moment) -> None:
    """Before the mirror the alias still is there; MLflow's server tells that it was set once more."""
    mirror(ledger, registry, _promote(ledger, 1))
    promotion = _promote(ledger, 2)

    def by_hand() -> None:
        registry.hand_mark = iso_z(utc_now())

    if moment == "before":
        by_hand()
    else:
        registry.before[moment] = by_hand
    mirror(ledger, registry, promotion)
    reconcile(ledger, registry, _fit)
    head = ledger.promotions.head()
    assert (registry.alias, head.model_version, head.source) == (1, 1, "manual")
    mirror(ledger, registry, _promote(ledger, 3))
    assert registry.alias == 3, "that hand came before this promotion"


def test_a_hand_between_promotion_and_mirror_that_names_an_unfit_version_is_put_back(
    ledger, registry
) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    promotion = _promote(ledger, 2)
    registry.alias = 9
    mirror(ledger, registry, promotion)
    reconcile(ledger, registry, _unfit)
    assert (registry.alias, registry.tags[9]["stage"]) == (2, "Rejected")
    assert ledger.promotions.head().mirrored_at is not None


def test_an_alias_that_mlflow_may_still_set_is_followed_by_another_try(ledger, registry) -> None:
    def cut_off() -> None:
        raise RegistryUnavailable("no answer in time")

    registry.before["set_alias"] = cut_off
    with pytest.raises(RegistryUnavailable):
        mirror(ledger, registry, _promote(ledger, 1))
    assert ledger.alias_claims.may_be_late(1)
    reconcile(ledger, registry, _fit)
    assert registry.alias == 1


def test_a_hand_may_go_back_to_a_version_whose_own_promotion_was_never_mirrored(ledger, registry) -> None:
    mirror(ledger, registry, _promote(ledger, 7))
    _promote(ledger, 1)
    mirror(ledger, registry, _promote(ledger, 2))
    registry.alias = 1
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().model_version == 1, "nobody had claimed the alias for version 1"


def test_a_version_that_is_gone_does_not_stop_the_mirror(ledger, registry) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    registry.gone.add(1)
    mirror(ledger, registry, _promote(ledger, 2))
    assert (registry.alias, registry.tags[2]["stage"]) == (2, "Production")
    registry.gone.add(3)
    mirror(ledger, registry, _promote(ledger, 3))
    assert ledger.promotions.head().mirrored_at is not None, "nobody can follow it"


def test_an_alias_that_was_deleted_comes_back_unless_its_version_is_gone(ledger, registry) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    registry.alias = None
    reconcile(ledger, registry, _fit)
    assert registry.alias == 1
    registry.alias = None
    registry.gone.add(1)
    reconcile(ledger, registry, _fit)
    assert (registry.alias, ledger.promotions.head().model_version) == (None, 1)


def test_an_alias_moved_by_hand_is_honoured_and_recorded(ledger, registry) -> None:
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    registry.alias = 1
    reconcile(ledger, registry, _fit)
    head = ledger.promotions.head()
    assert (head.model_version, head.previous_version, head.source) == (1, 2, "manual")
    assert (registry.alias, registry.tags[1]["stage"], registry.tags[2]["stage"]) == (
        1,
        "Production",
        "Archived",
    )
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().id == head.id, "once"


def test_a_champion_named_by_hand_before_any_promotion(ledger, registry) -> None:
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head() is None
    registry.alias = 3
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().model_version == 3


def test_upload_order_survives_a_hand(ledger, registry) -> None:
    promotion = _promote(ledger, 1)
    uploaded = utc_now()
    with ledger.database.write() as session:
        session.get(Promotion, promotion.id).uploaded_at = uploaded
    mirror(ledger, registry, promotion)
    registry.alias = 7
    reconcile(ledger, registry, _fit)
    assert ledger.promotions.head().uploaded_at == uploaded


def test_a_local_copy_that_is_broken_is_no_last_good_one(settings, ledger, registry) -> None:
    source = ChampionSource(settings, ledger, registry)
    assert source.last_good() is None
    broken = settings.home / "champion" / "4" / "model.skops"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"not a model")
    assert source.last_good() is None
    with pytest.raises(ModelUnusable):
        source.fetch(4)


def test_an_alias_moved_to_a_version_that_fails_its_checks_is_put_back(ledger, registry) -> None:
    mirror(ledger, registry, _promote(ledger, 1))
    registry.alias = 2
    reconcile(ledger, registry, _unfit)
    assert (registry.alias, registry.tags[2]["stage"]) == (1, "Rejected")
    assert ledger.promotions.head().model_version == 1


def test_an_unfit_version_named_before_the_first_champion_is_not_heeded(ledger, registry) -> None:
    registry.alias = 2
    reconcile(ledger, registry, _unfit)
    assert ledger.promotions.head() is None


class CheckedRegistry(FakeRegistry):
    """With versions whose files a test brings along."""

    def __init__(self, fits: dict[int, object]):
        super().__init__()
        self.fits = fits
        self.downloads = 0

    def version(self, number: int) -> ModelVersion:
        if number not in self.fits:
            raise NotFound(f"There is no version {number}.")
        return ModelVersion(number, (), "", {}, {}, "m", None, utc_now(), {})

    def download(self, version: ModelVersion, artifact: str, folder: Path) -> Path:
        self.downloads += 1
        path = folder / Path(artifact).name
        path.write_bytes(skops.io.dumps(self.fits[version.version]))
        return path

    def download_all(self, version: ModelVersion, artifacts: Iterable[str], folder: Path) -> dict[str, Path]:
        return {name: self.download(version, name, folder) for name in artifacts}


@pytest.fixture
def by_hand(settings, ledger) -> tuple[ChampionSource, CheckedRegistry]:
    fit = refit(search(SALES, settings.model_copy(update=QUICK), lambda *_: None).estimator, SALES)
    registry = CheckedRegistry({1: fit, 2: fit, 3: "no model"})
    quick = settings.model_copy(update={"REDIS_URL": "redis://127.0.0.1:1/0"})
    for version in (1, 2):
        mirror(ledger, registry, _promote(ledger, version))
    return ChampionSource(quick, ledger, registry), registry


def test_a_rollback_is_recorded_mirrored_and_keeps_the_upload_order(by_hand, ledger) -> None:
    source, registry = by_hand
    uploaded = utc_now()
    with ledger.database.write() as session:
        session.get(Promotion, ledger.promotions.head().id).uploaded_at = uploaded
    promotion = source.promote(1, "ana", "version 2 overshoots on Sundays")
    head = ledger.promotions.head()
    assert (head.id, head.model_version, head.previous_version) == (promotion.id, 1, 2)
    assert (head.source, head.actor, head.reason) == ("manual", "ana", "version 2 overshoots on Sundays")
    assert (head.uploaded_at, head.mirrored_at is None) == (uploaded, False)
    assert (registry.alias, registry.tags[1]["stage"], registry.tags[2]["stage"]) == (
        1,
        "Production",
        "Archived",
    )


@pytest.mark.parametrize(("version", "error"), [(2, Conflict), (3, ModelUnusable), (4, NotFound)])
def test_a_version_that_cannot_be_champion_changes_nothing(by_hand, ledger, version, error) -> None:
    source, registry = by_hand
    before = ledger.promotions.head().id
    with pytest.raises(error):
        source.promote(version, "ana", "why not")
    assert (ledger.promotions.head().id, registry.alias) == (before, 2)


def test_a_champion_that_changed_while_a_hand_decided_is_not_overwritten(by_hand, ledger) -> None:
    source, registry = by_hand
    real = registry.version

    def meanwhile(number: int) -> ModelVersion:
        registry.version = real
        _promote(ledger, 7)
        return real(number)

    registry.version = meanwhile
    with pytest.raises(ChampionChanged):
        source.promote(1, "ana", "too late")
    assert ledger.promotions.head().model_version == 7


def test_what_failed_its_checks_is_not_downloaded_at_every_look(by_hand) -> None:
    source, registry = by_hand
    for _ in range(3):
        registry.alias = 3
        source.reconcile()
        assert registry.alias == 2
    assert registry.downloads == 1


def test_who_was_champion_when(by_hand, ledger) -> None:
    source, _ = by_hand
    between = utc_now()
    source.promote(1, "ana", "back")
    assert ledger.promotions.at(between).model_version == 2
    assert ledger.promotions.at(utc_now()).model_version == 1
    assert ledger.promotions.at(between - timedelta(days=1)) is None


def test_a_promotion_between_the_two_looks_is_not_undone(ledger, registry) -> None:
    """Its alias is there already and its mark is not: it looked like an alias set late, and was put back."""
    mirror(ledger, registry, _promote(ledger, 1))

    def meanwhile() -> None:
        _promote(ledger, 2)
        registry.alias = 2

    registry.before["champion_place"] = meanwhile
    reconcile(ledger, registry, lambda version: None)
    assert registry.alias == 2
    reconcile(ledger, registry, lambda version: None)
    assert [one.model_version for one in ledger.promotions.all()] == [2, 1]
    assert registry.alias == 2
