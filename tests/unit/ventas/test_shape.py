"""What a champion knows and a new file has nothing of."""

from typing import Any

from ventas.shape import lost


def _report(series: str = "", count: int = 1, **roles: str) -> dict[str, Any]:
    contract = [{"name": "Fecha", "role": "date"}, {"name": "Festivo", "role": "holiday"}]
    columns = [{"name": name, "role": role} for name, role in roles.items()]
    return {"columns": contract + columns, "series": series, "series_count": count}


CHAIN = _report("Tienda", 20, Tienda="categorical", Precio="numeric", Clientes="left_out")


def test_a_file_of_the_same_shape_or_of_more_loses_nothing() -> None:
    assert lost(3, CHAIN, CHAIN) == []
    wider = _report("TIENDA", 21, TIENDA="id", precio="numeric", Clima="categorical")
    assert lost(3, CHAIN, wider) == []
    assert lost(3, _report(), CHAIN) == []


def test_columns_that_are_gone_are_named_and_the_series_not_counted_without_theirs() -> None:
    (gone,) = lost(3, CHAIN, _report())
    assert gone.sentence.startswith(
        "Champion version 3 learnt from «Tienda», «Precio», of which this file has nothing."
    )


def test_a_column_that_is_left_out_now_is_gone() -> None:
    (gone,) = lost(3, CHAIN, _report("Tienda", 20, Tienda="categorical", Precio="left_out"))
    assert gone.facts["columns"] == "«Precio»"


def test_series_that_are_gone_are_counted() -> None:
    (fewer,) = lost(3, CHAIN, _report("Tienda", 19, Tienda="categorical", Precio="numeric"))
    assert fewer.sentence.startswith("Champion version 3 knows 20 series, this file has 19.")


def test_reports_older_than_these_members_tell_nothing() -> None:
    assert lost(3, {}, CHAIN) == []
    assert lost(3, {"rows_in": 5}, {"rows_in": 4}) == []
