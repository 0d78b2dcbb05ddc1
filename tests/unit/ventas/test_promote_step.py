"""The step around the verdict: who may be champion at all, and what is written."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io

from ventas.checks import Example
from ventas.errors import NotFound
from ventas.ledger import Ledger, Promotion, UploadEvent
from ventas.pipeline.promote import promote
from ventas.pipeline.runner import run_step
from ventas.registry import EXAMPLE_FILE, EXAMPLE_TAG, JUDGED_FILE, SERVED_TAG, TRAINED_ON_FILE
from ventas.served import TRUSTED_TYPES
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
        if number not in self.files:
            raise NotFound(f"There is no version {number}.")
        return Version(number, self.tags.get(number, {}), self.params.get(number, {}))

    def download(self, version: Version, artifact: str, folder: Path) -> Path:
        if artifact not in self.files[version.version]:
            raise NotFound(f"Version {version.version} has no file {artifact}.")
        path = folder / artifact.replace("/", "-")
        path.write_bytes(self.files[version.version][artifact])
        return path

    def log_text(self, version: Version, text: str, artifact: str) -> None:
        self.files[version.version][artifact] = text.encode()

    def set_alias(self, alias: str, version: int) -> None:
        self.alias = version

    def set_tags(self, version: int, tags: dict[str, str]) -> None:
        self.tags.setdefault(version, {}).update(tags)


class FakeStore:
    """Our own fake of the store's port: the datasets of all runs are the same two tables."""

    def __init__(self, train: pd.DataFrame, test: pd.DataFrame):
        self._files = {"train.csv": to_csv_bytes(train), "test.csv": to_csv_bytes(test)}

    def get_bytes(self, bucket: str, key: str, **_: object) -> bytes:
        return self._files[key.rsplit("/", 1)[1]]


@dataclass
class Parts:
    settings: object
    ledger: Ledger
    registry: FakeRegistry
    store: FakeStore


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


def _judge(parts: Parts, version: int, hours_later: int = 0) -> object:
    """The run of an upload, judged with `version` as its challenger."""
    runs = parts.ledger.runs
    event = UploadEvent("ventas", "ventas.csv", f"v{version}-{hours_later}", "e", 1)
    (recorded,) = parts.ledger.intake.record([event])
    lease = runs.acquire(recorded.run_id, Step.ETL, "w")
    runs.note(lease, uploaded_at=utc_now() + timedelta(hours=hours_later))
    runs.finish(lease, RunStatus.RETRAIN)
    lease = runs.acquire(recorded.run_id, Step.RETRAIN, "w")
    runs.finish(lease, RunStatus.PROMOTE, model_version=version)
    assert run_step(parts, recorded.run_id, Step.PROMOTE, promote, "w") is None
    return runs.get(recorded.run_id)


def test_the_first_model_is_promoted(parts: Parts) -> None:
    run = _judge(parts, 1)
    assert (run.status, run.verdict["kind"], parts.registry.alias) == ("promoted", "first", 1)


def test_a_better_one_follows_and_the_verdict_is_kept(parts: Parts) -> None:
    _judge(parts, 1)
    run = _judge(parts, 2, hours_later=1)
    assert (run.status, run.verdict["kind"]) == ("promoted", "fair")
    assert run.verdict["challenger_rmse"] < run.verdict["champion_rmse"]
    assert (parts.registry.alias, parts.ledger.promotions.head().run_id) == (2, run.id)
    assert parts.registry.tags[1]["stage"] == "Archived"


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
