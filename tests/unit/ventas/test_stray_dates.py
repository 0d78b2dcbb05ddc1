"""A day more than a year from all others is put aside as mistyped; honest gaps stay."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ventas.ingest import ingest
from ventas.settings import Settings
from ventas.stray_dates import DayCounts

SHARED = Path(__file__).parents[4] / "shared" / "faults"


def stray(*days: str, rows: int = 1) -> list[str]:
    counts = DayCounts()
    dates = np.array(list(days), dtype="datetime64[D]")
    counts.add(dates, np.full(len(dates), rows, dtype=np.int64))
    return [str(day) for day in counts.stray().astype("datetime64[D]")]


def daily(first: str, count: int) -> list[str]:
    return [str(day) for day in np.datetime64(first) + np.arange(count)]


@pytest.mark.parametrize(
    "mistyped", [["2029-06-15"], ["2019-06-15"], ["2029-06-15", "2019-06-15"], ["2042-01-01", "2042-01-02"]]
)
def test_a_few_rows_years_away_are_stray(mistyped: list[str]) -> None:
    assert sorted(stray(*daily("2024-01-01", 730), *mistyped)) == sorted(mistyped)


def test_a_day_of_a_whole_chain_may_be_mistyped() -> None:
    assert stray(*daily("2024-01-01", 730), "2029-06-15", rows=1115) == ["2029-06-15"]


@pytest.mark.parametrize(
    "days",
    [
        daily("2024-01-01", 30),
        [*daily("2022-01-01", 200), *daily("2024-06-01", 200)],  # closed for two years
        [*daily("2022-01-01", 365), *daily("2024-06-01", 4)],  # opened again this week
        [f"{year}-12-24" for year in range(2000, 2025)],  # a day a year
        [*daily("2024-01-01", 28), "2026-02-01", "2026-02-02"],  # too many of so few
        [*daily("2024-01-01", 300), "2025-10-20"],  # within a year
        ["2024-01-01"],
        [],
    ],
)
def test_honest_gaps_stay(days: list[str]) -> None:
    assert stray(*days) == []


def test_the_file_with_a_mistyped_year_is_read_without_it(settings: Settings, tmp_path: Path) -> None:
    frame = pd.DataFrame({"Fecha": daily("2024-01-01", 400)})
    frame["Promociones"], frame["Festivo"], frame["Ventas"] = 0, 0, 100
    frame.loc[150, "Fecha"] = "15/06/2029"
    path = tmp_path / "ventas.csv"
    frame.to_csv(path, index=False)
    cleaned = ingest(path, settings)
    assert cleaned.report["dates"]["last"] == "2025-02-03"
    assert cleaned.report["dropped"] == {"date_far_off": 1}
    (example,) = cleaned.report["rejected_examples"]
    assert example["line"] == 152
    assert example["reason"].startswith("Fecha «15/06/2029» is more than a year from all other dates")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the handed files are not here")
def test_the_handed_file_loses_its_mistyped_row_alone(settings: Settings) -> None:
    report = ingest(SHARED / "mistyped-year.csv", settings).report
    assert (report["dropped"], report["dates"]["last"] < "2027") == ({"date_far_off": 1}, True)
