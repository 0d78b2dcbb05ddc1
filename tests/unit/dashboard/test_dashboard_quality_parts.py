"""What a sales team reads of a file of several stores."""

import re
from typing import Any

from flask import Flask

from dashboard.quality_parts import quality_card
from dashboard.remarks import SENTENCES, TOLD_ELSEWHERE
from ventas.remarks import SENTENCES as OF_THE_PIPELINE

LEAK = {
    "name": "Clientes {x}",
    "kind": "follows",
    "correlation": 0.98,
    "why": "Column «Clientes {x}» follows Ventas from day to day.",
}


def texts(part: Any) -> list[str]:
    """All texts of a component, in the order they are shown."""
    if isinstance(part, str):
        return [part]
    children = part if isinstance(part, list) else getattr(part, "children", None)
    return (
        [text for child in children for text in texts(child)]
        if isinstance(children, list)
        else (texts(children) if children is not None else [])
    )


def shown(**report: Any) -> str:
    return "\n".join(
        texts(quality_card({"id": "r1", "quality": {"rows_in": 1000, "rows_kept": 1000, **report}}))
    )


def test_series_and_closed_days_are_counted_with_their_columns() -> None:
    text = shown(series="Tienda", series_count=1115, open="Abierto", closed_rows=17, outliers={"count": 3})
    for part in ("Series", "1.115", "por «Tienda»", "Filas de días cerrados", "17", "«Abierto» en 0"):
        assert part in text
    assert "en cada serie por separado" in text


def test_one_shop_is_told_nothing_of_series() -> None:
    text = shown(series="", series_count=1, open="", closed_rows=0, leaks=[])
    assert not {"Series", "Filas de días cerrados", "Columnas por revisar"} & set(text.splitlines())


def test_a_gap_names_its_series() -> None:
    gaps = [
        {"from": "2024-01-03", "to": "2024-01-03", "days": 1, "series": "T0001"},
        {"from": "2024-01-05", "to": "2024-01-06", "days": 2},
    ]
    text = shown(dates={"first": "2024-01-01", "last": "2024-02-01", "missing_days": 3, "gaps": gaps})
    assert "T0001: falta el" in text
    assert "\nFalta del" in text


def test_a_leak_is_told_once_and_in_spanish() -> None:
    warnings = [f"{LEAK['why']} If nobody knows it in advance, name it in LEFT_OUT_COLUMNS.", "Other."]
    text = shown(leaks=[LEAK], warnings=warnings)
    assert "La columna «Clientes {x}» sigue a las ventas día a día." in text
    assert "LEFT_OUT_COLUMNS" in text
    assert "follows" not in text
    assert "Other." in text
    assert LEAK["why"] in shown(leaks=[LEAK | {"kind": "of tomorrow"}])


def test_remarks_are_told_by_code_in_the_language_of_the_page() -> None:
    remark = {"code": "weekday_contradicts", "rows": 1200, "line": 31}
    unknown = {"code": "of_tomorrow"}
    report = {"warnings": ["English.", "Of tomorrow."], "remarks": [remark, unknown]}
    text = shown(**report)
    assert "DíaDeLaSemana no es el de la Fecha en 1.200 filas (la primera, en la línea 31)" in text
    assert "English." not in text
    assert "Of tomorrow." in text, "what is not known here is told as it came"
    with Flask("test").test_request_context(headers={"Accept-Language": "en"}):
        assert "contradicts Fecha in 1,200 rows" in shown(**report)


def test_every_remark_of_the_pipeline_has_its_words() -> None:
    assert SENTENCES.keys() | set(TOLD_ELSEWHERE) == OF_THE_PIPELINE.keys()
    for code, english in OF_THE_PIPELINE.items():
        facts = set(re.findall(r"{(\w+)}", english))
        assert set(re.findall(r"{(\w+)}", SENTENCES.get(code, "{why}"))) <= facts


def test_a_remark_that_lacks_a_fact_is_still_told() -> None:
    assert "«—»" not in shown(warnings=["x"], remarks=[{"code": "left_out_empty"}])
    assert "La columna — no se usa" in shown(warnings=["x"], remarks=[{"code": "left_out_empty"}])


def test_rows_left_aside_are_ranked_and_can_be_downloaded() -> None:
    text = shown(rows_rejected=14, dropped={"date_unreadable": 3, "missing_sales": 11}, dropped_lines={})
    assert text.index("La columna Ventas está vacía") < text.index("no tiene una fecha válida")
    assert "Descargar las filas apartadas (14)" in text
    assert "Descargar" not in shown(rows_rejected=0)


def test_one_line_and_one_example_are_told_in_the_singular() -> None:
    example = [{"line": 72, "code": "missing_sales"}]
    found = {"dropped": {"missing_sales": 1}, "rows_rejected": 1}
    text = shown(**found, dropped_lines={"missing_sales": [72]}, rejected_examples=example)
    assert "\nLínea: 72" in text
    assert "La primera fila con errores" in text
    several = {"dropped": {"missing_sales": 2}, "dropped_lines": {"missing_sales": [72, 80]}}
    text = shown(**several, rows_rejected=2, rejected_examples=example * 2)
    assert "\nLíneas: 72, 80" in text
    assert "Las primeras 2 filas con errores" in text


def test_what_is_told_of_columns_says_of_which_rows() -> None:
    columns = [{"name": "Ventas", "role": "target", "missing": 0, "min": 3, "max": 9}]
    assert "Solo de las 1.000 filas válidas." in shown(columns=columns, rows_in=1003)
    assert "Solo de" not in shown(columns=columns)


def test_outliers_among_the_test_rows_are_counted_and_said_to_stay() -> None:
    text = shown(outliers={"count": 1, "test_count": 102, "low": 600.0, "high": 1400.0})
    assert "Atípicas entre las de prueba\n102\ncuentan en la prueba" in text
    for few in ({"count": 1, "test_count": 0}, {"count": 1}):
        assert "Atípicas entre las de prueba" not in shown(outliers=few)


def test_no_outlier_lies_below_nothing() -> None:
    assert "por encima de 2.000" in shown(outliers={"count": 2, "low": -310.0, "high": 2000.0})
    assert "fuera de 310 a 2.000" in shown(outliers={"count": 2, "low": 310.0, "high": 2000.0})


def test_sales_over_time_are_drawn_with_what_is_marked() -> None:
    curve = {"days": 7, "points": [["2024-01-01", 10.5], ["2024-01-08", 12.0]]}
    gaps = [{"from": "2024-01-03", "to": "2024-01-04", "days": 2}]
    examples = [{"date": "2024-01-05", "value": 99.0}]
    text = shown(sales_curve=curve, dates={"gaps": gaps}, outliers={"count": 1, "examples": examples})
    for part in ("en promedio de cada 7 días", "días que faltan", "Puntos rojos"):
        assert part in text
    several = shown(sales_curve=curve, series="Tienda", dates={"gaps": gaps}, outliers={"count": 1})
    assert "días que faltan" not in several, "a gap of one store is none of their sum"
    assert "Ventas en el tiempo" not in shown()
