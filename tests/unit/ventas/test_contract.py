import pytest

from ventas.contract import contract_column, is_sales_key, shown


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Fecha", "Fecha"),
        (" FECHA ", "Fecha"),
        ("\ufeffFecha", "Fecha"),
        ("díadelasemana", "DíaDeLaSemana"),
        ("Dia de la semana", "DíaDeLaSemana"),
        ("DIA_DE_LA_SEMANA", "DíaDeLaSemana"),
        ("Di\u0301aDeLaSemana", "DíaDeLaSemana"),
        ("promociones", "Promociones"),
        ("ventas", "Ventas"),
        ("Ventas netas", None),
        ("", None),
    ],
)
def test_a_header_finds_its_column(header: str, column: str | None) -> None:
    assert contract_column(header) == column


@pytest.mark.parametrize(
    "key",
    [
        "ventas.csv",
        "Ventas.CSV",
        "2024/enero/mis ventas (1).csv",
        "old_ventas.csv.gz",
        "a/../ventas.csv",
        "..\\ventas.csv",
        "otros/informes/ventas.csv",
        "informes.ventas.csv",
    ],
)
def test_sales_keys(key: str) -> None:
    assert is_sales_key(key) == (True, "")


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("ventas/2024.csv", "2024.csv"),
        ("ventas.csv/", "does not match"),
        ("ventas.xlsx", "ventas.xlsx"),
        ("ventas.csv.zip", "does not match"),
        ("ventaſ.csv", "does not match"),
        ("", "does not match"),
        ("pronosticos/ventas.csv", "pronosticos/"),
        ("informes/a/ventas.csv", "informes/"),
    ],
)
def test_other_keys_are_told_why(key: str, word: str) -> None:
    accepted, reason = is_sales_key(key)
    assert not accepted
    assert word in reason


def test_a_hostile_cell_is_shown_on_one_short_line() -> None:
    assert shown("a\n\x1b[31mb" + "x" * 999).count("\n") == 0
    assert len(shown("x" * 999)) < 70
