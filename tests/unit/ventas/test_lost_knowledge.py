"""Knowledge of a champion that a model of another file would not have."""

from pathlib import Path
from typing import Any

import pytest

from ventas.lost_knowledge import Knowledge, losses
from ventas.sample import is_sample, write_sample


def _report(series: str = "", count: int = 1, last: str = "2025-12-31", **roles: str) -> dict[str, Any]:
    contract = [{"name": "Fecha", "role": "date"}, {"name": "Festivo", "role": "holiday"}]
    columns = [{"name": name, "role": role} for name, role in roles.items()]
    return {"columns": contract + columns, "series": series, "series_count": count, "dates": {"last": last}}


def _chain(**sales: float) -> Knowledge:
    return Knowledge(_report("Tienda", len(sales), Tienda="id", Precio="numeric"), sales)


CHAIN = _chain(**{f"T{number}": 100.0 for number in range(200)})
WITHOUT_PRICE = Knowledge(_report("Tienda", 200, Tienda="id", Precio="left_out"), CHAIN.series)


def _sentences(known: Knowledge, offered: Knowledge) -> list[str]:
    return [loss.sentence for loss in losses(3, known, offered)]


def _fewer(*gone: str, extra: tuple[str, ...] = ()) -> Knowledge:
    series = {name: sales for name, sales in (CHAIN.series or {}).items() if name not in gone}
    return _chain(**(series | dict.fromkeys(extra, 50.0)))


def test_a_file_that_knows_as_much_or_more_loses_nothing() -> None:
    assert _sentences(CHAIN, CHAIN) == []
    wider = _report("TIENDA", 201, last="2026-01-31", TIENDA="id", precio="numeric", Clima="categorical")
    assert _sentences(CHAIN, Knowledge(wider, {**(CHAIN.series or {}), "T200": 1.0})) == []
    assert _sentences(Knowledge(_report()), CHAIN) == []


def test_columns_that_are_gone_or_left_out_are_named_and_series_not_counted_without_theirs() -> None:
    (gone,) = _sentences(CHAIN, Knowledge(_report()))
    assert gone.startswith(
        "Champion version 3 learnt from «Tienda», «Precio», of which this file has nothing."
    )
    (gone,) = _sentences(CHAIN, WITHOUT_PRICE)
    assert "learnt from «Precio»" in gone


def test_of_many_columns_that_are_gone_some_are_named() -> None:
    wide = Knowledge(_report("", 1, **{f"Columna{number}": "numeric" for number in range(150)}))
    (gone,) = _sentences(wide, Knowledge(_report()))
    assert "«Columna7», …, of which" in gone
    assert len(gone) < 300


def test_series_are_compared_by_name() -> None:
    (lost,) = _sentences(CHAIN, _fewer("T0", "T1", "T2", "T3", extra=("N0", "N1", "N2", "N3")))
    assert lost.startswith(
        "Of the 200 series that champion version 3 knows, 4 with 2 % of the sales are not in this file "
        "(«T0», «T1», «T2», …)."
    )


def test_a_store_that_closed_is_no_loss_unless_much_was_sold_there() -> None:
    assert _sentences(CHAIN, _fewer("T0", "T1")) == []
    large = _chain(**{**(CHAIN.series or {}), "T0": 1_000.0})
    assert "1 with 5 % of the sales" in _sentences(large, _fewer("T0"))[0]


def test_series_whose_names_are_not_known_are_counted() -> None:
    known = Knowledge(CHAIN.report)
    (fewer,) = _sentences(known, _fewer("T0"))
    assert fewer.startswith("Champion version 3 knows 200 series, this file has 199.")


def test_a_last_day_before_the_champions_is_a_loss() -> None:
    (days,) = _sentences(Knowledge(_report()), Knowledge(_report(last="2025-12-30")))
    assert days.startswith("Champion version 3 knows sales up to 2025-12-31, this file ends on 2025-12-30.")


def test_reports_older_than_these_members_tell_nothing() -> None:
    assert _sentences(Knowledge({}), CHAIN) == []
    assert _sentences(Knowledge({"rows_in": 5}), Knowledge({"rows_in": 4})) == []


@pytest.mark.parametrize("days", [365, 730])
def test_the_bundled_sample_is_known_by_its_bytes(tmp_path: Path, days: int) -> None:
    path = tmp_path / "ventas.csv"
    report = {"rows_in": days, "dates": {"first": "2021-01-01"}}
    write_sample(path, days)
    assert is_sample(path, report)
    path.write_bytes(path.read_bytes().replace(b",0,", b",1,", 1))
    assert not is_sample(path, report)
    write_sample(path, days, seed=7)
    assert not is_sample(path, report)
