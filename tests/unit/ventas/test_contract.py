import pytest

from ventas.contract import answer_key, contract_column, is_upload_key, keys_of_answer, kind_of, shown


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
    assert is_upload_key(key) == (True, "")
    assert kind_of(key) == "sales"


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("pronosticos/entrada/x.csv", "pronosticos/salida/x.csv"),
        ("pronosticos/entrada/2027/enero/Días (1).CSV", "pronosticos/salida/2027/enero/Días (1).CSV"),
        ("pronosticos/entrada/x.csv.gz", "pronosticos/salida/x.csv"),
        ("pronosticos/entrada/x.csv.GZ", "pronosticos/salida/x.csv"),
        ("pronosticos/entrada/pronosticos/entrada/x.csv", "pronosticos/salida/pronosticos/entrada/x.csv"),
    ],
)
def test_forecast_keys_and_where_their_answer_lies(key: str, answer: str) -> None:
    assert is_upload_key(key) == (True, "")
    assert (kind_of(key), answer_key(key)) == ("forecast", answer)
    assert key in keys_of_answer(key)
    assert is_upload_key(answer)[0] is False, "an answer never comes back as an upload"


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
        ("pronosticos/salida/ventas.csv", "pronosticos/"),
        ("pronosticos/entrada", "pronosticos/"),
        ("pronosticos/entrada/", "*.csv"),
        ("pronosticos/entrada/.csv", "*.csv"),
        ("pronosticos/entrada/días.xlsx", "*.csv"),
        ("Pronosticos/entrada/x.csv", "*ventas*.csv"),
    ],
)
def test_other_keys_are_told_why(key: str, word: str) -> None:
    accepted, reason = is_upload_key(key)
    assert not accepted
    assert word in reason


def test_a_hostile_cell_is_shown_on_one_short_line() -> None:
    assert shown("a\n\x1b[31mb" + "x" * 999).count("\n") == 0
    assert len(shown("x" * 999)) < 70
