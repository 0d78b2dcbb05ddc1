"""The step around the verdict: who may be champion at all, and what is written."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline

from ventas.card_files import CARD_JSON, CARD_MARKDOWN, card_files
from ventas.champion import APPROVAL_TAG, ChampionSource, local_copy
from ventas.checks import Example
from ventas.errors import Conflict, ModelUnusable, NotFound
from ventas.features import SalesFeatures
from ventas.ledger import Ledger, Promotion, UploadEvent
from ventas.lost_knowledge import KnowledgeBase
from ventas.pipeline.promote import promote
from ventas.pipeline.runner import run_step
from ventas.registry import EXAMPLE_FILE, EXAMPLE_TAG, JUDGED_FILE, SERVED_TAG, TRAINED_ON_FILE, AliasPlace
from ventas.replaced import Replaced
from ventas.served import TRUSTED_TYPES
from ventas.settings import Settings
from ventas.split import to_csv_bytes
from ventas.states import RunStatus, Step
from ventas.times import utc_now
from ventas.training import inputs, refit, search

REFIT_FILE = "refit/model.skops"


@dataclass
class Version:
    version: int
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)


class FakeRegistry:
    """Our own fake of the registry's port: files by version, in memory."""

    def __init__(self) -> None:
        self.files: dict[int, dict[str, bytes]] = {}
        self.tags: dict[int, dict[str, str]] = {}
        self.params: dict[int, dict[str, str]] = {}
        self.alias: int | None = None

    def version(self, number: int) -> Version:
        self._require(number)
        return Version(number, self.tags.get(number, {}), self.params.get(number, {}))

    def download(self, version: Version, artifact: str, folder: Path) -> Path:
        if artifact not in self.files[version.version]:
            raise NotFound(f"Version {version.version} has no file {artifact}.")
        path = folder / artifact.replace("/", "-")
        path.write_bytes(self.files[version.version][artifact])
        return path

    def download_all(self, version: Version, artifacts: Iterable[str], folder: Path) -> dict[str, Path]:
        return {name: self.download(version, name, folder) for name in artifacts}

    def log_text(self, version: Version, text: str, artifact: str) -> None:
        self.files[version.version][artifact] = text.encode()

    def champion_place(self) -> AliasPlace:
        return AliasPlace(self.alias)

    def move_champion(self, version: int, place: AliasPlace) -> bool:
        self.alias = version
        return True

    def _require(self, number: int) -> None:
        if number not in self.files:
            raise NotFound(f"There is no version {number}.")

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        self._require(version)
        self.tags.setdefault(version, {}).update(tags)


class FakeStore:
    """Our own fake of the store's port: the datasets of all runs are the same two tables."""

    def __init__(self, train: pd.DataFrame, test: pd.DataFrame):
        self._files = {"train.csv": to_csv_bytes(train), "test.csv": to_csv_bytes(test)}

    def get_bytes(self, bucket: str, key: str, **_: object) -> bytes:
        name = key.rsplit("/", 1)[1]
        if name not in self._files:
            raise NotFound(f"There is no {key}.")
        return self._files[name]

    def download(self, bucket: str, key: str, version_id: None, path: Path, max_bytes: int) -> None:
        path.write_bytes(self.get_bytes(bucket, key))


@dataclass
class Parts:
    settings: Settings
    ledger: Ledger
    registry: FakeRegistry
    store: FakeStore

    @property
    def knowledge(self) -> KnowledgeBase:
        return KnowledgeBase(self.settings, self.ledger, self.store)


def _sales(start: str, days: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    dates = pd.date_range(start, periods=days)
    weekday = dates.day_of_week + 1
    return pd.DataFrame(
        {
            "Fecha": dates,
            "DíaDeLaSemana": weekday,
            "Promociones": rng.integers(0, 2, days),
            "Festivo": (weekday == 7).astype(int),
            "Ventas": 100.0 * weekday + rng.normal(0, 5, days),
        }
    )


TRAIN, TEST = _sales("2024-01-01", 90), _sales("2024-04-01", 40)


@pytest.fixture
def parts(settings, ledger: Ledger) -> Parts:
    quick = settings.model_copy(
        update={
            "SEARCH": "grid",
            "GRID_N_ESTIMATORS": [5],
            "GRID_MAX_DEPTH": [None],
            "GRID_MIN_SAMPLES_SPLIT": [2],
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }
    )
    parts = Parts(quick, ledger, FakeRegistry(), FakeStore(TRAIN, TEST))
    good = search(TRAIN, quick, lambda *_: None).estimator
    poor = refit(good, TRAIN.assign(Ventas=TRAIN["Ventas"] * 2))
    for version, fit in ((1, poor), (2, good)):
        parts.registry.files[version] = {JUDGED_FILE: skops.io.dumps(fit), TRAINED_ON_FILE: b"2020-01-01"}
    return parts


def _judge(parts: Parts, version: int, hours_later: int = 0, quality: dict | None = None) -> object:
    """The run of an upload, judged with `version` as its challenger."""
    runs = parts.ledger.runs
    event = UploadEvent("ventas", "ventas.csv", f"v{version}-{hours_later}", "e", 1)
    (recorded,) = parts.ledger.intake.record([event])
    lease = runs.acquire(recorded.run_id, Step.ETL, "w")
    runs.note(lease, uploaded_at=utc_now() + timedelta(hours=hours_later), quality=quality)
    runs.finish(lease, RunStatus.RETRAIN)
    lease = runs.acquire(recorded.run_id, Step.RETRAIN, "w")
    runs.finish(lease, RunStatus.PROMOTE, model_version=version)
    assert run_step(parts, recorded.run_id, Step.PROMOTE, promote, "w") is None
    return runs.get(recorded.run_id)


def test_the_first_model_is_promoted_and_its_errors_are_told(parts: Parts) -> None:
    run = _judge(parts, 1)
    assert (run.status, run.verdict["kind"], parts.registry.alias) == ("promoted", "first", 1)
    assert run.verdict["baselines"]["means"] < run.verdict["challenger_rmse"], (
        "it was fitted on doubled sales"
    )
    assert parts.registry.tags[1]["ventas.challenger_rmse"] == f"{run.verdict['challenger_rmse']:.6g}"


def test_a_better_one_follows_and_the_verdict_is_kept(parts: Parts) -> None:
    _judge(parts, 1)
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"]) == ("promoted", "fair")
    assert run.verdict["challenger_rmse"] < run.verdict["champion_rmse"]
    assert (parts.registry.alias, parts.ledger.promotions.head().run_id) == (2, run.id)
    assert parts.registry.tags[1]["stage"] == "Archived"


def test_what_is_promoted_is_there_for_the_api_without_mlflow(parts: Parts) -> None:
    _judge(parts, 1)
    poorer = _judge(parts, 1, hours_later=1)
    assert poorer.status == "not_promoted"
    _judge(parts, 2, hours_later=2)
    registry, parts.registry.files = parts.registry, {}
    source = ChampionSource(parts.settings, parts.ledger, registry)
    assert (source.current_version(), source.fetch(2).version, source.last_good().version) == (2, 2, 2)


def test_a_promotion_is_held_where_the_champion_knows_what_its_successor_does_not(parts: Parts) -> None:
    contract = [{"name": "Fecha", "role": "date"}]
    _judge(parts, 1, quality={"columns": [*contract, {"name": "Tienda", "role": "id"}]})
    run = _judge(parts, 2, hours_later=1, quality={"columns": contract})
    assert (run.status, run.verdict["held"], parts.registry.alias) == ("not_promoted", True, 1)
    assert run.reason.startswith(
        "Held for approval: Champion version 1 learnt from «Tienda», of which this file has nothing. "
    )
    assert run.reason.endswith("`ventas approve 2 --reason ...`.")
    assert run.verdict["losses"] == [{"code": "columns_gone", "version": 1, "columns": "«Tienda»"}]
    assert parts.ledger.approvals.waiting() == {2}


def test_what_would_be_lost_may_be_promoted_all_the_same(parts: Parts) -> None:
    parts = replace(parts, settings=parts.settings.model_copy(update={"ON_LOSS": "promote"}))
    _judge(parts, 1, quality={"dates": {"last": "2026-02-01"}})
    run = _judge(parts, 2, hours_later=1, quality={"dates": {"last": "2026-01-31"}})
    assert run.status == "promoted"
    assert "knows sales up to 2026-02-01, this file ends on 2026-01-31." in run.reason
    assert run.verdict["losses"][0]["code"] == "days_lost"
    assert _judge(parts, 2, hours_later=2).verdict["losses"] == []


def test_the_bundled_samples_model_is_replaced_by_the_first_file_of_a_user(parts: Parts) -> None:
    """Whatever either knows: made-up sales are no rival."""
    example = {"example": True, "dates": {"last": "2026-12-31"}}
    _judge(parts, 2, quality=example)
    run = _judge(parts, 1, hours_later=1, quality={"dates": {"last": "2024-05-10"}})
    assert (run.status, run.verdict["kind"], run.verdict["losses"]) == ("promoted", "first", [])
    assert (run.verdict["champion_version"], parts.registry.alias) == (2, 1)
    assert "champion version 2 learnt from the bundled sample data" in run.reason
    # A sample that comes later is judged like any file.
    assert _judge(parts, 2, hours_later=2, quality=example).verdict["kind"] == "fair"


def test_a_better_challenger_of_an_older_upload_does_not_overtake(parts: Parts) -> None:
    _judge(parts, 1)
    run = _judge(parts, 2, hours_later=-1)
    assert (run.status, run.verdict["kind"]) == ("not_promoted", "older_upload")
    assert parts.registry.alias == 1
    assert parts.registry.tags[2]["stage"] == "Rejected"


def test_a_version_that_is_not_there_fails_the_run(parts: Parts) -> None:
    parts.registry.files.pop(1)
    run = _judge(parts, 1)
    assert (run.status, run.reason) == ("failed", "There is no version 1.")


def _lose_champion(parts: Parts) -> None:
    """Version 1 is champion; it is deleted in MLflow, and its local copy with it."""
    _judge(parts, 1)
    parts.registry.files.pop(1)
    local_copy(parts.settings, 1).unlink()


def test_a_champion_that_is_gone_is_judged_by_the_recipe_of_its_local_copy(parts: Parts) -> None:
    _judge(parts, 1)
    del parts.registry.files[1]
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"], run.verdict["champion_version"]) == ("not_promoted", "recipe", 1)
    assert run.reason.endswith("There is no version 1. So its recipe was compared.")


@pytest.mark.parametrize("trained_on", [None, "día".encode()])
def test_a_champion_whose_days_are_not_known_is_judged_by_its_recipe(parts: Parts, trained_on) -> None:
    """As of a version that was registered by hand."""
    _judge(parts, 1)
    files = parts.registry.files[1]
    del files[TRAINED_ON_FILE]
    if trained_on:
        files[TRAINED_ON_FILE] = trained_on
    run = _judge(parts, 2, hours_later=1)
    assert (run.verdict["kind"], run.verdict["rows"]) == ("recipe", len(TEST))
    assert TRAINED_ON_FILE in run.reason


def test_a_challenger_of_a_champion_that_is_gone_for_good_has_no_rival(parts: Parts) -> None:
    _lose_champion(parts)
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"], run.verdict["champion_version"]) == ("promoted", "first", 1)
    expected = "version 2 has no rival, for champion version 1 cannot be compared (There is no version 1)"
    assert expected in run.reason
    assert (parts.registry.alias, parts.ledger.promotions.head().previous_version) == (2, 1)


def test_a_challenger_without_a_rival_can_be_held_and_approved(parts: Parts) -> None:
    _lose_champion(parts)
    careful = replace(parts, settings=parts.settings.model_copy(update={"APPROVAL": "human"}))
    assert _judge(careful, 2, hours_later=1).verdict["held"]
    assert _source(careful).approve(2, "ana", "Go.").previous_version == 1


@pytest.mark.parametrize("judged", [b"damaged", None])
def test_a_champion_whose_fit_is_gone_stops_no_run(parts: Parts, judged) -> None:
    _judge(parts, 1)
    local_copy(parts.settings, 1).write_bytes(b"damaged too")
    files = parts.registry.files[1]
    del files[JUDGED_FILE]
    if judged:
        files[JUDGED_FILE] = judged
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"]) == ("promoted", "first")


def test_a_champion_by_hand_whose_recipe_cannot_be_fitted_stops_no_run(parts: Parts) -> None:
    _judge(parts, 1)
    files = parts.registry.files[1]
    fit = skops.io.loads(files[JUDGED_FILE], trusted=TRUSTED_TYPES)
    fit.set_params(model__regressor__n_estimators=-1)
    files.pop(TRAINED_ON_FILE)
    files[JUDGED_FILE] = skops.io.dumps(fit)
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"]) == ("promoted", "first")
    assert "cannot be fitted again" in run.reason


@pytest.mark.parametrize("files", [{}, {JUDGED_FILE: b"damaged", TRAINED_ON_FILE: b""}])
def test_a_version_that_cannot_be_loaded_never_becomes_champion(parts: Parts, files) -> None:
    parts.registry.files[1] = files
    run = _judge(parts, 1)
    assert (run.status, run.verdict["kind"]) == ("not_promoted", "checks")
    assert run.reason.startswith("Not promoted: ")
    assert parts.ledger.promotions.head() is None
    assert parts.registry.tags[1]["stage"] == "Rejected"


def test_a_better_model_whose_refit_fails_its_checks_leaves_the_champion(parts: Parts) -> None:
    _judge(parts, 1)
    files = parts.registry.files[2]
    fit = skops.io.loads(files[JUDGED_FILE], trusted=TRUSTED_TYPES)
    example = Example.of(inputs(TRAIN), {JUDGED_FILE: fit, REFIT_FILE: fit})
    example.predictions[REFIT_FILE][3] += 1
    files |= {REFIT_FILE: files[JUDGED_FILE], EXAMPLE_FILE: example.to_json().encode()}
    parts.registry.tags[2] = {SERVED_TAG: REFIT_FILE, EXAMPLE_TAG: EXAMPLE_FILE}
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"]) == ("not_promoted", "checks")
    assert "refit/model.skops does not answer as it did at training." in run.reason
    assert (run.verdict["challenger_version"], run.verdict["champion_version"]) == (2, 1)
    assert (parts.registry.alias, parts.registry.tags[2]["stage"]) == (1, "Rejected")


def test_two_judged_at_once_do_not_both_win_against_the_same_champion(parts: Parts) -> None:
    """Another promotion comes between the verdict and its record: the challenger is judged again."""
    _judge(parts, 1)
    between = Promotion(
        created_at=utc_now(), model_version=2, previous_version=1, source="verdict", actor="x", reason="first"
    )
    real = parts.registry.version

    def slow(number: int) -> Version:
        if between not in parts.ledger.promotions.all() and number == 1:
            with parts.ledger.database.write() as session:
                session.add(between)
            parts.registry.version = real
        return real(number)

    parts.registry.version = slow
    parts.registry.files[3] = parts.registry.files[2]
    with pytest.raises(Exception, match="became champion while"):
        _judge(parts, 3, hours_later=2)
    assert parts.ledger.promotions.head().model_version == 2


def test_a_table_that_is_served_says_why(parts: Parts) -> None:
    parts.registry.params[1] = {"table_note": "The table of means is served: no model was 1 % better."}
    parts.registry.params[2] = {"table_note": ""}
    assert _judge(parts, 1).reason.endswith(" The table of means is served: no model was 1 % better.")
    assert "served" not in _judge(parts, 2, hours_later=1).reason


def test_a_table_in_the_place_of_the_searchs_winner_is_in_the_verdict(parts: Parts) -> None:
    replaced = Replaced("linear log penalty 0.03", "seasonal_naive", 5152.5, 1496.25, 329)
    parts.registry.params[1] = {name: str(value) for name, value in replaced.as_params().items()}
    assert _judge(parts, 1).verdict["replaced"] == asdict(replaced)
    assert _judge(parts, 2, hours_later=1).verdict["replaced"] is None


def test_roles_come_from_the_quality_report(parts: Parts) -> None:
    """Every second test row is of a closed day."""
    open_column = [float(number % 2) for number in range(len(TEST))]
    parts.store = FakeStore(TRAIN.assign(Abierto=1.0), TEST.assign(Abierto=open_column))
    run = _judge(parts, 1, quality={"open": "Abierto", "series": ""})
    assert (run.verdict["rows"], run.verdict["rows_closed"]) == (20, 20)


def test_a_recipe_that_gives_another_model_each_time_is_not_promoted(parts: Parts) -> None:
    forest = RandomForestRegressor(n_estimators=3)  # without a seed
    pipeline = Pipeline([("features", SalesFeatures()), ("model", forest)])
    parts.registry.files[1][JUDGED_FILE] = skops.io.dumps(refit(pipeline, TRAIN))
    run = _judge(parts, 1)
    assert (run.status, run.verdict["kind"]) == ("not_promoted", "checks")
    assert "another model each time" in run.reason


CARD = {
    "data": {"train": dict.fromkeys(("rows", "first", "last", "dates", "series", "rows_closed"), 1)},
    "columns": {}, "digest": {}, "settings": {},
    "search": {"candidates": 1, "family": "grid", "table_note": "", "stopped": False,
               "chosen": {}, "leaderboard": []},
    "errors": {"cv_rmse": 1.0, "test_rmse": 1.0, "test_r2": 1.0, "baselines": {}},
    "segments": [], "importance": {}, "verdict": None,
}  # fmt: skip
CARD["data"]["test"] = CARD["data"]["train"]


def test_the_verdict_is_added_to_the_model_card(parts: Parts) -> None:
    parts.registry.files[1] |= {name: text.encode() for name, text in card_files(CARD).items()}
    run = _judge(parts, 1)
    files = parts.registry.files[1]
    assert json.loads(files[CARD_JSON]) == CARD | {"verdict": run.verdict}
    assert run.reason in files[CARD_MARKDOWN].decode()


@pytest.mark.parametrize("card", [b"no card", b"{}", b"[]", b"\xff"])
def test_a_card_that_cannot_be_written_leaves_the_verdict(parts: Parts, card: bytes) -> None:
    parts.registry.files[1][CARD_JSON] = card
    run = _judge(parts, 1)
    assert (run.status, parts.registry.alias) == ("promoted", 1)
    assert parts.registry.tags[1]["ventas.verdict"] == run.reason


@pytest.fixture
def careful(parts: Parts) -> Parts:
    """A system that promotes nothing without a person; version 1 is champion."""
    _judge(parts, 1)
    return replace(parts, settings=parts.settings.model_copy(update={"APPROVAL": "human"}))


def _source(parts: Parts) -> ChampionSource:
    return ChampionSource(parts.settings, parts.ledger, parts.registry)


def test_a_promotion_is_held_until_a_person_approves_it(careful: Parts) -> None:
    careful.registry.files[2] |= {name: text.encode() for name, text in card_files(CARD).items()}
    run = _judge(careful, 2, hours_later=1)
    assert (run.status, run.verdict["held"], run.verdict["promoted"]) == ("not_promoted", True, False)
    assert run.reason.startswith("Held for approval: version 2 has RMSE ")
    assert "`ventas approve 2 --reason ...`" in run.reason
    assert (careful.registry.alias, careful.ledger.promotions.head().model_version) == (1, 1)
    tags = careful.registry.tags[2]
    assert (tags["stage"], tags[APPROVAL_TAG]) == ("Staging", "awaited")
    assert careful.ledger.approvals.waiting() == {2}
    promotion = _source(careful).approve(2, "ana", "Looked at it.")
    head = careful.ledger.promotions.head()
    assert (head.id, head.model_version, head.previous_version) == (promotion.id, 2, 1)
    assert (head.source, head.actor, head.reason) == ("approved", "ana", "Looked at it.")
    assert (head.run_id, head.uploaded_at) == (run.id, run.uploaded_at)
    assert (careful.registry.alias, tags["stage"], tags[APPROVAL_TAG]) == (2, "Production", "approved")
    now = careful.ledger.runs.get(run.id)
    assert json.loads(careful.registry.files[2][CARD_JSON])["verdict"] == now.verdict
    assert (now.status, now.verdict["held"], now.verdict["promoted"]) == ("promoted", False, True)
    assert now.verdict["approved"].keys() == {"actor", "at", "reason"}
    assert careful.ledger.approvals.waiting() == frozenset()
    with pytest.raises(Conflict, match="does not wait for approval"):
        _source(careful).approve(2, "ana", "Again.")


def test_the_first_model_is_held_too(parts: Parts) -> None:
    careful = replace(parts, settings=parts.settings.model_copy(update={"APPROVAL": "human"}))
    run = _judge(careful, 2)
    assert (run.status, run.verdict["held"], careful.ledger.promotions.head()) == ("not_promoted", True, None)
    assert _source(careful).approve(2, "ana", "Go.").previous_version is None
    assert careful.registry.alias == 2


def test_a_worse_challenger_waits_for_nobody(careful: Parts) -> None:
    careful.registry.files[3] = careful.registry.files[1]
    run = _judge(careful, 3, hours_later=1)
    assert (run.status, run.verdict["held"], careful.registry.tags[3]["stage"]) == (
        "not_promoted",
        False,
        "Rejected",
    )
    with pytest.raises(Conflict, match="does not wait"):
        _source(careful).approve(3, "ana", "I like it.")


def test_a_held_version_whose_rival_is_gone_cannot_be_approved(careful: Parts) -> None:
    run = _judge(careful, 2, hours_later=1)
    careful.ledger.promotions.record_manual(
        7, careful.ledger.promotions.head(), "eva", "Try 7.", mirrored=True
    )
    assert careful.ledger.approvals.waiting() == frozenset()
    with pytest.raises(
        Conflict, match=r"judged against champion version 1; now there is champion version 7\..*rollback 2"
    ):
        _source(careful).approve(2, "ana", "Go.")
    assert careful.ledger.runs.get(run.id).status == "not_promoted"
    assert careful.ledger.promotions.head().model_version == 7


def test_a_held_version_that_fails_its_checks_is_not_approved(careful: Parts) -> None:
    _judge(careful, 2, hours_later=1)
    careful.registry.files[2][JUDGED_FILE] = b"damaged meanwhile"
    with pytest.raises(ModelUnusable):
        _source(careful).approve(2, "ana", "Go.")
    assert (careful.registry.alias, careful.ledger.approvals.waiting()) == (1, {2})
