"""Alerts: raised once for each cause, and what ON_ALERT does about them."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import skops.io
from ledger_databases import ON_BOTH
from reality_world import FIRST, World, noise, sales
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline

from ventas.dataset_keys import dataset_key
from ventas.drift import profile
from ventas.errors import NotFound, RegistryUnavailable
from ventas.features import SalesFeatures
from ventas.ledger import Ledger, UploadEvent
from ventas.pipeline.coalescing import superseded
from ventas.registry import AliasPlace, ModelVersion
from ventas.split import to_csv_bytes
from ventas.states import Step
from ventas.times import utc_now
from ventas.training import inputs

ENOUGH = 30


class Registered:
    """Our own fake of the registry's port: the files of versions 1 to 3, of which the last is no model."""

    def __init__(self, fit: object):
        self.files = {1: skops.io.dumps(fit), 2: skops.io.dumps(fit), 3: b"no model"}
        self.alias: int | None = None
        self.away = False

    def version(self, number: int) -> ModelVersion:
        if self.away:
            raise RegistryUnavailable("MLflow does not answer.")
        if number not in self.files:
            raise NotFound(f"There is no version {number}.")
        return ModelVersion(number, (), "", {}, {}, "m", None, utc_now(), {})

    def download(self, version: ModelVersion, artifact: str, folder: Path) -> Path:
        path = folder / Path(artifact).name
        path.write_bytes(self.files[version.version])
        return path

    def download_all(self, version: ModelVersion, artifacts: Iterable[str], folder: Path) -> dict[str, Path]:
        return {name: self.download(version, name, folder) for name in artifacts}

    def champion_place(self) -> AliasPlace:
        return AliasPlace(self.alias)

    def move_champion(self, version: int, place: AliasPlace) -> bool:
        self.alias = version
        return True

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        """Nobody asks for them here."""


@pytest.fixture(scope="module")
def fit() -> Pipeline:
    rows = sales(60, Ventas=noise(60) + 100)
    steps = [("features", SalesFeatures()), ("model", RandomForestRegressor(3, random_state=0))]
    return Pipeline(steps).fit(inputs(rows), rows["Ventas"])


@pytest.fixture
def world(settings, ledger: Ledger, fit: Pipeline) -> World:
    """A champion, version 1, that had RMSE 10 at its verdict."""
    quick = settings.model_copy(update={"ALERT_MIN_ROWS": ENOUGH, "REDIS_URL": "redis://127.0.0.1:1/0"})
    world = World(quick, ledger, registry=Registered(fit))
    world.judged(1, 10.0, promoted=True)
    return world


def _on_alert(world: World, action: str) -> World:
    world.settings = world.settings.model_copy(update={"ON_ALERT": action})
    return world


def _champion(world: World) -> int:
    return world.ledger.promotions.head().model_version


@ON_BOTH
def test_a_champion_that_errs_more_than_it_did_raises_an_alert_exactly_once(world: World) -> None:
    world.predict_days(ENOUGH, 115.1)
    run = world.face(sales(ENOUGH, 100.0))
    world.face(sales(ENOUGH, 100.0), run)
    world.face(sales(ENOUGH, 99.0))
    assert world.raised() == [("live_error", "live_error:1")]
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert "has RMSE 15.10, more than 1.5 times 10.00" in alert.message
    assert (alert.value, alert.limit, alert.run_id) == (pytest.approx(15.1), 15.0, run.id)
    assert (alert.action, alert.acted_at is not None) == ("record", True)
    assert _champion(world) == 1


def _in_a_window(world: World) -> None:
    world.settings = world.settings.model_copy(update={"ALERT_WINDOW_DAYS": ENOUGH})


def test_old_errors_do_not_hide_new_ones(world: World) -> None:
    world.predict_days(ENOUGH, 100.0)
    world.predict_days(2 * ENOUGH, 120.0, start=ENOUGH)
    world.shadow_days(ENOUGH, 150.0)
    world.shadow_days(ENOUGH, 110.0, start=FIRST + timedelta(days=ENOUGH))
    world.face(sales(2 * ENOUGH, 100.0))
    assert world.raised() == [], "over 60 days the champion errs 14.14, its shadow 36"
    _in_a_window(world)
    world.face(sales(2 * ENOUGH, 100.0))
    assert world.raised() == [("overtaken", "overtaken:1:2"), ("live_error", "live_error:1")]


def test_errors_that_are_over_raise_no_alert_and_a_date_mistyped_into_the_future_hides_none(
    world: World,
) -> None:
    _in_a_window(world)
    world.predict_days(ENOUGH, 150.0)
    world.predict_days(2 * ENOUGH, 101.0, start=ENOUGH)
    world.face(sales(2 * ENOUGH, 100.0))
    assert world.raised() == []
    world.predict_days(2 * ENOUGH, 150.0, start=ENOUGH)
    mistyped = sales(2 * ENOUGH + 1, 100.0)
    mistyped.loc[2 * ENOUGH, "Fecha"] = pd.Timestamp("2199-01-01")
    world.face(mistyped)
    assert world.raised() == [("live_error", "live_error:1")]


@pytest.mark.parametrize(("days", "value"), [(ENOUGH - 1, 200.0), (ENOUGH, 114.9)])
def test_too_few_rows_or_a_usual_error_raise_none(world: World, days: int, value: float) -> None:
    world.predict_days(days, value)
    world.face(sales(ENOUGH, 100.0))
    assert world.raised() == []


def test_a_forecast_file_that_the_champion_answered_does_not_hide_its_verdict(world: World) -> None:
    event = UploadEvent("ventas", "pronosticos/entrada/plan.csv", "v1", "e", 1)
    (recorded,) = world.ledger.intake.record([event])
    lease = world.ledger.runs.acquire(recorded.run_id, Step.FORECAST, "w")
    world.ledger.runs.note(lease, model_version=1)
    world.predict_days(ENOUGH, 120.0)
    world.face(sales(ENOUGH, 100.0))
    assert world.raised() == [("live_error", "live_error:1")]


def test_a_first_champion_is_compared_with_its_own_test_error(world: World) -> None:
    first = world.judged(2, None, "first", promoted=True)
    world.predict_days(ENOUGH, 120.0, model_version=2)
    world.face(sales(ENOUGH, 100.0))
    assert world.raised() == [], "nothing is known of it"
    with world.ledger.database.write() as session:
        session.get_one(type(first), first.id).test_rmse = 10.0
    world.face(sales(ENOUGH, 100.0))
    assert world.raised() == [("live_error", "live_error:2")]


@ON_BOTH
def test_a_champion_overtaken_by_reality_raises_its_alert_exactly_once(world: World) -> None:
    world.predict_days(ENOUGH, 108.0)
    world.shadow_days(ENOUGH, 104.0, version=2)
    world.shadow_days(ENOUGH, 103.0, version=3)
    world.face(sales(ENOUGH, 100.0))
    world.face(sales(ENOUGH, 100.5))
    assert world.raised() == [("overtaken", "overtaken:1:3")]
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert "version 3 in the shadow has RMSE 3.00, below 8.00 of champion version 1" in alert.message
    assert (alert.rival_version, _champion(world)) == (3, 1)


def test_a_shadow_is_compared_on_the_same_days_only(world: World) -> None:
    world.predict_days(ENOUGH, 108.0)
    world.shadow_days(ENOUGH, 104.0, start=FIRST + timedelta(days=1))
    world.face(sales(ENOUGH + 1, 100.0))
    assert world.raised() == [], "29 days are common"


def test_a_shadow_that_is_no_better_raises_none(world: World) -> None:
    world.predict_days(ENOUGH, 108.0)
    world.shadow_days(ENOUGH, 108.0)
    world.face(sales(ENOUGH, 100.0))
    assert world.raised() == []


@ON_BOTH
def test_rollback_puts_the_better_shadow_in_its_place_by_hand_of_alert(world: World) -> None:
    _on_alert(world, "rollback").predict_days(ENOUGH, 150.0)
    world.shadow_days(ENOUGH, 104.0, version=2)
    run = world.face(sales(ENOUGH, 100.0))
    world.face(sales(ENOUGH, 100.0), run)
    head = world.ledger.promotions.head()
    assert (head.model_version, head.actor, head.source) == (2, "alert", "manual")
    assert world.registry.alias == 2
    assert len(world.ledger.promotions.all()) == 2
    notes = {one.kind: one.note for one in world.ledger.alerts.page(0, 10)[0]}
    assert notes == {
        "overtaken": "Version 2 was put in its place.",
        "live_error": "Version 1 was no longer champion; nothing was changed.",
    }


def test_rollback_without_a_shadow_goes_to_the_champion_before_and_never_to_and_fro(world: World) -> None:
    world.judged(2, 10.0, promoted=True)
    _on_alert(world, "rollback").predict_days(ENOUGH, 150.0, model_version=2)
    world.face(sales(ENOUGH, 100.0))
    assert _champion(world) == 1
    world.predict_days(ENOUGH, 150.0, model_version=1)
    world.face(sales(ENOUGH, 100.0))
    assert _champion(world) == 1
    newest = world.ledger.alerts.page(0, 1)[0][0]
    assert newest.note == "There is no earlier champion without an alert of its own; nothing was changed."


def test_rollback_passes_over_a_champion_that_is_gone(world: World) -> None:
    for version in (4, 2):
        world.judged(version, 10.0, promoted=True)
    _on_alert(world, "rollback").predict_days(ENOUGH, 150.0, model_version=2)
    world.face(sales(ENOUGH, 100.0))
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert alert.note == (
        "Version 4 was not put in its place: There is no version 4. Version 1 was put in its place."
    )
    assert _champion(world) == 1


@pytest.mark.parametrize(("version", "why"), [(3, "cannot be loaded"), (4, "There is no version 4.")])
def test_a_version_that_fails_its_checks_is_not_put_in_its_place(
    world: World, version: int, why: str
) -> None:
    _on_alert(world, "rollback").predict_days(ENOUGH, 108.0)
    world.shadow_days(ENOUGH, 104.0, version)
    world.face(sales(ENOUGH, 100.0))
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert alert.note.startswith(f"Version {version} was not put in its place: ")
    assert why in alert.note
    assert _champion(world) == 1


def test_an_action_that_was_cut_short_is_taken_at_the_next_try(world: World) -> None:
    world.registry.away = True
    _on_alert(world, "rollback").predict_days(ENOUGH, 108.0)
    world.shadow_days(ENOUGH, 104.0)
    run = world.upload()
    with pytest.raises(RegistryUnavailable):
        world.face(sales(ENOUGH, 100.0), run)
    world.registry.away = False
    world.face(sales(ENOUGH, 100.0), run)
    assert (_champion(world), len(world.raised())) == (2, 1)


def test_retrain_lets_the_upload_come_to_its_verdict_whatever_is_newer(world: World) -> None:
    _on_alert(world, "retrain").predict_days(ENOUGH, 150.0)
    run = world.face(sales(ENOUGH, 100.0))
    assert superseded(world, run) is None  # type: ignore[arg-type]
    (asked,) = [step for step in world.ledger.runs.attempts(run.id) if step.worker == "alert"]
    assert "An alert asked for this training: On 30 forecasts" in asked.error
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert alert.note == f"Run {run.id} trains, whatever comes meanwhile."


@pytest.mark.parametrize("old", [False, True])
def test_inputs_that_drift_raise_one_alert_for_each_column(world: World, old: bool) -> None:
    trained = sales(300, Precio=noise(300), Ventas=noise(300) + 100)
    run = world.ledger.queries.run_of_version(1)
    if old:
        world.store.kept[dataset_key(run.id, "train.csv")] = to_csv_bytes(trained)
    else:
        world.store.put_json(dataset_key(run.id, "profile.json"), profile(trained))
    world.face(trained)
    assert world.raised() == []
    shifted = trained.assign(Precio=trained["Precio"] + 3, Festivo=1)
    world.face(shifted)
    _on_alert(world, "rollback").face(shifted)
    assert sorted(world.raised()) == [("drift", "drift:1:Festivo"), ("drift", "drift:1:Precio")]
    assert {one.action for one in world.ledger.alerts.page(0, 10)[0]} == {"record"}


def test_columns_that_a_file_has_no_more_raise_one_alert_that_says_so(world: World) -> None:
    trained = sales(300, Precio=noise(300), Tienda=[f"T{n % 3}" for n in range(300)])
    run = world.ledger.queries.run_of_version(1)
    world.store.put_json(dataset_key(run.id, "profile.json"), profile(trained))
    world.face(trained.drop(columns=["Precio", "Tienda"]))
    world.face(trained.drop(columns=["Precio", "Tienda"]))
    (alert,), _ = world.ledger.alerts.page(0, 10)
    assert (alert.kind, alert.cause) == ("drift", "drift:1:absent:Precio,Tienda")
    assert alert.message.startswith(
        "The file has none of the columns «Precio», «Tienda» that champion version 1 learnt from: PSI "
    )
    world.face(trained.drop(columns=["Tienda"]))
    assert [cause for _, cause in world.raised()][1:] == ["drift:1:absent:Tienda"]


@ON_BOTH
def test_the_newest_that_lost_to_the_champion_by_comparison_is_the_shadow(world: World) -> None:
    shadows = world.ledger.shadows
    assert shadows.current_version() is None
    world.judged(2, 11.0, promoted=False)
    world.judged(3, 11.0, "recipe", promoted=False)
    world.judged(4, None, "checks", promoted=False)
    assert shadows.current_version() == 3
    world.judged(5, 9.0, promoted=True)
    assert shadows.current_version() is None, "it lost to another champion"
