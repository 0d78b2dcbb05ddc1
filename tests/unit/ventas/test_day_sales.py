"""Sales by day: read a part at a time, summed or of one series."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ventas import day_sales as under_test
from ventas.day_sales import DaySale, DaySales, day_sales
from ventas.roles import Roles
from ventas.split import to_csv_bytes


def table(stores: list[str] | list[float] | None, days: int = 3) -> pd.DataFrame:
    """Each day of each store: 100 a day's number, 1000 more in each further store, a promotion in the first."""
    rows = [
        (pd.Timestamp(2026, 11, 1) + pd.Timedelta(days=day), place, store)
        for day in range(days)
        for place, store in enumerate(stores or [""])
    ]
    frame = pd.DataFrame(
        {
            "Fecha": pd.Series([day for day, _, _ in rows]).to_numpy(dtype="datetime64[us]"),
            "DíaDeLaSemana": [day.isoweekday() for day, _, _ in rows],
            "Promociones": [int(place == 0) for _, place, _ in rows],
            "Festivo": [int(day.day == 2) for day, _, _ in rows],
            "Ventas": [100.25 * day.day + 1000 * place for day, place, _ in rows],
        }
    )
    return frame.assign(**{"Ti,enda": [store for _, _, store in rows]}) if stores else frame


def read(folder: Path, frame: pd.DataFrame, roles: Roles) -> DaySales:
    """Two files of it, the later days first, and one without rows."""
    parts = [frame.iloc[len(frame) // 3 :], frame.iloc[: len(frame) // 3], frame.iloc[:0]]
    files = [folder / f"{number}.csv" for number in range(3)]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(to_csv_bytes(part))
    return day_sales(files, roles)


def test_one_series_newest_day_first(tmp_path: Path) -> None:
    found = read(tmp_path, table(None), Roles())
    assert found.between(None, None, None) == [
        DaySale(date(2026, 11, 3), 300.75, 1.0, 0.0, 1),
        DaySale(date(2026, 11, 2), 200.5, 1.0, 1.0, 1),
        DaySale(date(2026, 11, 1), 100.25, 1.0, 0.0, 1),
    ]
    assert [day.date.day for day in found.between(date(2026, 11, 2), date(2026, 11, 2), None)] == [2]
    assert found.between(date(2027, 1, 1), None, None) == []


@pytest.mark.parametrize("stores", [["007", "=B,\n2"], [7.0, 8.0]])
def test_series_alone_and_summed(
    tmp_path: Path, stores: list[str] | list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "_PART", 2)
    found = read(tmp_path, table(stores), Roles(series="Ti,enda"))
    texts = [str(store).removesuffix(".0") for store in stores]
    assert set(found.series) == set(texts)
    first = date(2026, 11, 1)
    assert found.between(first, first, None) == [DaySale(first, 1200.5, 0.5, 0.0, 2)]
    assert found.between(first, first, texts[1]) == [DaySale(first, 1100.25, 0.0, 0.0, 1)]
    with pytest.raises(KeyError, match="none"):
        found.between(None, None, "none")


def test_a_row_takes_a_few_bytes(tmp_path: Path) -> None:
    found = read(tmp_path, table(["a", "b"], days=500), Roles(series="Ti,enda"))
    kept = (found.days, found.codes, found.sales, found.promotion, found.holiday)
    assert sum(values.nbytes for values in kept) == 1000 * 18
