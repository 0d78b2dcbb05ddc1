"""The step of a forecast file on an S3 server of its own: whose answer the sender finds, whoever was late."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from test_etl_step import Site

from ventas.champion import LoadedChampion
from ventas.contract import answer_key
from ventas.errors import ModelUnusable
from ventas.ledger import Ledger
from ventas.ledger.runs import Runs
from ventas.pipeline.forecast import forecast
from ventas.pipeline.runner import TryAgain, run_step
from ventas.roles import Roles
from ventas.sample_chain import generate_chain
from ventas.served import ModelInput, ServedModel, served_model
from ventas.states import Step
from ventas.tables import MEANS, table

DAYS = "Fecha,Promociones,Festivo\n2027-01-01,1,0\nmañana,1,0\n2027-01-02,0,0\n"
WEEKDAY = ModelInput("DíaDeLaSemana", "weekday", required=True)


@dataclass(frozen=True)
class Rule:
    """A model that answers 1000 times its version and the weekday."""

    version: int

    def predict(self, frame: pd.DataFrame) -> object:
        return 1000.0 * self.version + frame["DíaDeLaSemana"].to_numpy()

    def __getitem__(self, _step: int) -> "Rule":
        return self


class Source:
    """Our own fake of the port that the champion comes from."""

    def __init__(self) -> None:
        self.version: int | None = None
        self.fetched: list[int] = []
        self.rule: Callable[[int], object] = Rule
        self.further: tuple[ModelInput, ...] = ()
        self.roles = Roles()

    def current_version(self) -> int | None:
        return self.version

    def fetch(self, version: int) -> ServedModel:
        self.fetched.append(version)
        return ServedModel(version, (WEEKDAY, *self.further), self.rule(version), self.roles)


@dataclass(frozen=True)
class Fixed:
    """The port with one champion."""

    model: ServedModel

    def current_version(self) -> int:
        return self.model.version

    def fetch(self, _version: int) -> ServedModel:
        return self.model


class ForecastSite(Site):
    """A bucket with forecast files, and the runs that answer them."""

    def __init__(self, settings, ledger: Ledger):
        super().__init__(settings, ledger)
        self.folder = f"pronosticos/entrada/{uuid.uuid4().hex}"
        self.source = Source()
        self.parts.champion = LoadedChampion(self.source)

    def forecast(self, run_id: str) -> str:
        """Run the step; the state that it led to."""
        assert run_step(self.parts, run_id, Step.FORECAST, forecast, "w") is None
        return self.run(run_id).status

    def run(self, run_id: str):
        return self.ledger.runs.get(run_id)

    def answer(self, run_id: str) -> list[list[str]]:
        """The cells of what the sender finds, below the header."""
        text = self.read(answer_key(self.run(run_id).key))
        return [line.split(",") for line in text.splitlines()[1:]]

    def read(self, key: str) -> str:
        return self.client.get_object("ventas", key).read().decode("utf-8-sig")

    def during(self, method: str, happens: Callable[[], object]) -> None:
        """Let something happen once, just before the store's next call of `method` on the senders' bucket."""
        real = getattr(self.parts.store, method)

        def slow(bucket: str, *args: object, **more: object) -> object:
            if bucket == "ventas" and getattr(self.parts.store, method) is slow:
                setattr(self.parts.store, method, real)
                happens()
            return real(bucket, *args, **more)

        setattr(self.parts.store, method, slow)


@pytest.fixture
def site(s3_settings, ledger: Ledger) -> ForecastSite:
    return ForecastSite(s3_settings, ledger)


def test_the_days_are_answered_and_bad_rows_are_told(site: ForecastSite) -> None:
    site.source.version = 3
    run_id = site.put("enero/días.csv", DAYS.encode())
    assert site.forecast(run_id) == "completed"
    run = site.run(run_id)
    assert (run.model_version, run.reason, run.quality["rows_kept"]) == (3, None, 2)
    assert site.answer(run_id) == [
        ["2027-01-01", "1", "0", "3005", "", "", "3"],
        ["2027-01-02", "0", "0", "3006", "", "", "3"],
    ]
    assert site.read(f"informes/{run_id}.csv").splitlines()[1].startswith("3,La columna Fecha")


def test_rows_of_a_series_that_the_model_does_not_know_are_told(site: ForecastSite) -> None:
    shop = ModelInput("Tienda", "number", required=False, categories=("17",))
    site.source.version, site.source.further, site.source.roles = 1, (shop,), Roles(series="Tienda")
    days = "Fecha,Promociones,Festivo,Tienda\n2027-01-01,0,0,017\n2027-01-01,0,0,18\n2027-01-01,0,0,\n"
    run_id = site.put("a.csv", days.encode())
    assert site.forecast(run_id) == "completed"
    (warning,) = (text for text in site.run(run_id).quality["warnings"] if "Tienda" in text)
    assert warning.startswith("2 rows")
    assert "line 3" in warning
    assert [row[3] for row in site.answer(run_id)] == ["017", "18", ""]


@pytest.mark.parametrize("column", [True, False])
def test_days_that_do_not_say_whether_a_shop_is_open_are_what_they_usually_are(
    site: ForecastSite, column: bool
) -> None:
    sales = generate_chain(4, 200, 1).frame
    closed = sales[(sales["Abierto"] == 0) & (sales["DíaDeLaSemana"] == 7)]["Tienda"].iloc[-1]
    fitted = table(MEANS, Roles("Tienda", "Abierto")).fit(sales.drop(columns="Ventas"), sales["Ventas"])
    site.parts.champion = LoadedChampion(Fixed(served_model(fitted, 1)))
    head, told, empty = (
        ("Fecha,Promociones,Festivo,Tienda,Abierto", ",1", ",")
        if column
        else ("Fecha,Promociones,Festivo,Tienda", "", "")
    )
    rows = [f"2027-01-0{day},0,0,{closed}" for day in (2, 3, 3)]  # a Saturday, a Sunday
    run_id = site.put(
        "a.csv", "\n".join([head, rows[0] + empty, rows[1] + empty, rows[2] + told, ""]).encode()
    )
    assert site.forecast(run_id) == "completed"
    figures = [float(row[len(head.split(","))]) for row in site.answer(run_id)]
    assert [figure > 0 for figure in figures] == [True, False, column]
    (warning,) = (text for text in site.run(run_id).quality["warnings"] if "do not say" in text)
    rows_silent, rows_closed = (2, 1) if column else (3, 2)
    assert warning.startswith(f"{rows_silent} rows do not say in «Abierto» whether their series is open. ")
    assert f"{rows_closed} of them are forecast as closed" in warning


def test_without_a_champion_a_good_file_waits_and_a_bad_one_does_not(site: ForecastSite) -> None:
    good, bad = site.put("a.csv", DAYS.encode()), site.put("b.csv", b"Fecha\n2027-01-01\n")
    with pytest.raises(TryAgain, match="No model has been promoted yet"):
        site.forecast(good)
    assert site.run(good).status == "forecast"
    assert site.forecast(bad) == "rejected"
    assert "# Archivo de pronóstico rechazado" in site.read(f"informes/{bad}.md")
    site.source.version = 1
    assert site.forecast(good) == "completed"


def test_a_file_without_a_good_row_is_told_row_by_row(site: ForecastSite) -> None:
    bad = site.put("a.csv", b"Fecha,Promociones,Festivo\nnunca,1,0\n")
    assert site.forecast(bad) == "rejected"
    assert site.read(f"informes/{bad}.csv").splitlines()[1].startswith("2,La columna Fecha")


def test_the_champion_is_loaded_once_for_each_version(site: ForecastSite) -> None:
    for version, name in ((1, "a.csv"), (1, "b.csv"), (2, "c.csv")):
        site.source.version = version
        run_id = site.put(name, DAYS.encode())
        site.forecast(run_id)
        assert site.run(run_id).model_version == version
    assert site.source.fetched == [1, 2]


def test_an_answer_that_is_no_number_fails_the_run_and_answers_nothing(site: ForecastSite) -> None:
    class Broken(Rule):
        def predict(self, frame: pd.DataFrame) -> object:
            return np.full(len(frame), np.nan)

    site.source.version, site.source.rule = 1, Broken
    run_id = site.put("a.csv", DAYS.encode())
    assert site.forecast(run_id) == "failed"
    assert "answered nan" in site.run(run_id).reason
    assert not site.parts.store.exists("ventas", answer_key(site.run(run_id).key))


def test_a_champion_whose_file_cannot_be_used_fails_the_run(site: ForecastSite) -> None:
    def unusable(version: int) -> object:
        raise ModelUnusable(f"Version {version} is damaged.")

    site.source.version, site.source.rule = 1, unusable
    assert site.forecast(site.put("a.csv", DAYS.encode())) == "failed"


def test_an_older_version_is_not_answered_any_more(site: ForecastSite) -> None:
    site.source.version = 1
    older, newer = site.put("a.csv", DAYS.encode()), site.put("a.csv", DAYS.encode())
    assert site.forecast(newer) == "completed"
    assert site.forecast(older) == "superseded"
    assert site.run(older).superseded_by == newer


def test_a_newer_version_that_is_rejected_leaves_the_older_ones_answer(site: ForecastSite) -> None:
    site.source.version = 1
    older, newer = site.put("a.csv", DAYS.encode()), site.put("a.csv", b"nothing")
    assert site.forecast(newer) == "rejected"
    assert site.forecast(older) == "completed"
    assert len(site.answer(older)) == 2


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_slow_older_run_that_writes_last_puts_the_newer_answer_back(site: ForecastSite, name: str) -> None:
    """The newer one, compressed or not, gets through between the older one's look and its write."""
    site.source.version = 1
    older = site.put("a.csv", b"Fecha,Promociones,Festivo\n2020-01-01,0,0\n")
    newer = site.put(name, b"Fecha,Promociones,Festivo\n2027-01-01,0,0\n")
    site.during("put_bytes", lambda: site.forecast(newer))
    assert site.forecast(older) == "superseded"
    assert [row[0] for row in site.answer(newer)] == ["2027-01-01"]
    assert site.run(newer).status == "completed"
    assert site.run(older).superseded_by == newer


def test_a_worker_taken_for_dead_does_not_change_what_its_successor_answered(site: ForecastSite) -> None:
    """The first attempt asks version 1 and stands still before it says so; the second asks version 2."""
    site.source.version = 1
    run_id = site.put("a.csv", DAYS.encode())
    dying = Runs(site.ledger.database, lease_seconds=-1)
    acquire, site.parts.ledger.runs.acquire = site.ledger.runs.acquire, dying.acquire
    renew, site.parts.ledger.runs.renew = site.ledger.runs.renew, lambda lease: None

    def taken_over() -> None:
        site.ledger.runs.acquire, site.ledger.runs.renew = acquire, renew
        site.source.version = 2
        assert site.forecast(run_id) == "completed"

    site.during("put_bytes", taken_over)
    assert run_step(site.parts, run_id, Step.FORECAST, forecast, "zombie") is None
    assert (site.run(run_id).status, site.run(run_id).model_version) == ("completed", 2)
    assert [row[-1] for row in site.answer(run_id)] == ["2", "2"]


def test_a_step_of_the_other_kind_is_never_due(site: ForecastSite) -> None:
    run_id = site.put("a.csv", DAYS.encode())
    assert site.ledger.runs.acquire(run_id, Step.ETL, "w") is None
    sales = site.ledger.runs
    site.folder = uuid.uuid4().hex
    assert sales.acquire(site.upload("ventas.csv", "2024-01-01"), Step.FORECAST, "w") is None
