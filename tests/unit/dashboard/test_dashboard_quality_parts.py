"""What a sales team reads of a file of several stores."""

from typing import Any

from dashboard.quality_parts import quality_card

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
    return "\n".join(texts(quality_card({"rows_in": 1000, "rows_kept": 1000, **report})))


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
