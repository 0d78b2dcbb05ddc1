"""Files of days to forecast: what is read, what stays aside, and what goes back to the sender."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ventas.errors import RejectedUpload
from ventas.forecast_answer import answer_csv
from ventas.forecast_file import ForecastFile, read_forecast_file, rejected_rows_csv
from ventas.promotion_plan import PLAN_COLUMNS
from ventas.quality import rejection_report_text
from ventas.rejections import ROW_RULES
from ventas.served import Forecast, ModelInput
from ventas.settings import Settings

Take = Callable[..., ForecastFile]
PRICE = ModelInput("Precio", "number", required=False, low=1, high=9)
SHOP = ModelInput("Tienda", "text", required=False, categories=("3", "17", "Centro"))
HEADER = "Fecha,Promociones,Festivo"
BOM = "\ufeff"


@pytest.fixture
def take(tmp_path: Path) -> Take:
    def take(text: str | bytes, *inputs: ModelInput, **knobs: object) -> ForecastFile:
        path = tmp_path / "upload"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        file = read_forecast_file(path, Settings(_env_file=None, **knobs), inputs)  # type: ignore[arg-type]
        json.dumps(file.report, allow_nan=False)
        return file

    return take


def codes(file: ForecastFile) -> list[tuple[int, str]]:
    return list(zip(file.rejected["line"], file.rejected["code"], strict=True))


def cells(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def answered(file: ForecastFile, first: float = 1000.5) -> bytes:
    values = first + np.arange(len(file.frame), dtype=np.float64)
    return answer_csv(file, Forecast(values, values - 10, values + 10, 0.8), 7)


def test_days_without_sales_are_read_and_the_weekday_follows(take: Take) -> None:
    file = take(f"{HEADER}\n2027-01-01,1,0\n02/01/2027,sí,x\n2027-01-01,0,0\n")
    assert file.frame.dtypes.astype(str).to_dict() == {
        "Fecha": "datetime64[ns]",
        "DíaDeLaSemana": "int64",
        "Promociones": "int64",
        "Festivo": "int64",
    }
    assert file.frame["DíaDeLaSemana"].tolist() == [5, 6, 5]
    assert file.frame["Promociones"].tolist() == [1, 1, 0]
    assert codes(file) == [], "a date may be asked for twice"
    assert (file.report["rows_in"], file.report["rows_kept"], file.report["kind"]) == (3, 3, "forecast")


def test_a_weekday_that_contradicts_its_date_gives_way(take: Take) -> None:
    file = take("Fecha,Dia de la semana,Promociones,Festivo\n2027-01-01,1,0,0\n2027-01-02,sábado,0,0\n")
    assert file.frame["DíaDeLaSemana"].tolist() == [5, 6]
    assert file.report["weekday_contradictions"] == 1


def test_sales_in_the_file_are_not_read_and_that_is_said(take: Take) -> None:
    file = take(f"{HEADER},Ventas\n2027-01-01,1,0,nada\n")
    assert "Ventas" not in file.frame
    assert any("Ventas is in the file" in text for text in file.report["warnings"])


def test_further_columns_come_under_the_models_names(take: Take) -> None:
    file = take(
        "fecha;promociones;festivo;PRECIO;tienda;nota\n01/01/2027;1;0;3,5;017;a\n02/01/2027;0;0;;;b\n"
        "03/01/2027;0;0;4;Centro;c\n04/01/2027;0;0;1.234,5;Sur;d\n",
        PRICE,
        SHOP,
    )
    assert list(file.frame)[4:] == ["Precio", "Tienda"]
    np.testing.assert_array_equal(file.frame["Precio"], [3.5, np.nan, 4, 1234.5])
    assert file.frame["Tienda"].isna().tolist() == [False, True, False, False]
    assert file.frame["Tienda"].dropna().tolist() == ["17", "Centro", "Sur"], (
        "an id is told without its zeros"
    )
    assert file.decimal == ","


def test_an_open_column_is_read_as_the_contracts_flags_are(take: Take) -> None:
    file = take(
        f"{HEADER},abierto\n2027-01-01,1,0,sí\n2027-01-02,1,0,0\n2027-01-03,1,0,\n2027-01-04,1,0,2\n",
        ModelInput("Abierto", "flag", required=False),
    )
    np.testing.assert_array_equal(file.frame["Abierto"], [1, 0, np.nan])
    assert codes(file) == [(5, "flag_invalid")]


def test_a_column_of_the_model_that_is_absent_is_told(take: Take) -> None:
    file = take(f"{HEADER}\n2027-01-01,1,0\n", PRICE)
    assert "Precio" not in file.frame
    assert any("«Precio»" in text for text in file.report["warnings"])


def test_columns_that_the_rows_themselves_tell_are_not_missed(take: Take) -> None:
    plan = [ModelInput(name, "number", required=False) for name in PLAN_COLUMNS]
    file = take(f"{HEADER}\n2027-01-01,1,0\n", *plan)
    assert not any(name in text for name in PLAN_COLUMNS for text in file.report["warnings"])


def test_bad_rows_stay_aside_with_line_and_reason(take: Take) -> None:
    file = take(
        f"{HEADER},Precio\n2027-01-01,1,0,3\nmañana,1,0,3\n2027-01-03,2,0,3\n2027-01-04,1,,3\n"
        "2027-01-05,1,0,caro\n2027-01-06,1,0\n,1,0,3\n2027-01-08,0,0,\n",
        PRICE,
    )
    assert codes(file) == [
        (3, "date_unreadable"),
        (4, "promotion_invalid"),
        (5, "missing_holiday"),
        (6, "number_unreadable"),
        (7, "fields"),
        (8, "missing_date"),
    ]
    assert file.rejected["reason"][3] == "Precio «caro» is not a number with decimal point."
    assert file.frame["Fecha"].dt.day.tolist() == [1, 8]
    assert (file.report["rows_in"], file.report["rows_kept"], file.report["rows_rejected"]) == (8, 2, 6)


def test_the_answer_has_the_rows_as_they_were_read(take: Take) -> None:
    file = take(
        BOM + 'Local;FECHA;promociones;festivo;Nota;Código\n3;1/1/2027;sí;no;"a;b ""c""";007\n'
        "x;nunca;1;0;;1\n17;2/1/2027;0;0;=1+1;008\n",
    )
    assert answered(file).startswith(BOM.encode())
    header, *rows = cells(answered(file), ";")
    assert header == [
        *("Local", "FECHA", "promociones", "festivo", "Nota", "Código"),
        *("Pronóstico", "Mínimo", "Máximo", "VersiónDelModelo"),
    ]
    assert rows == [
        ["3", "1/1/2027", "sí", "no", 'a;b "c"', "007", "1000,5", "990,5", "1010,5", "7"],
        ["17", "2/1/2027", "0", "0", "'=1+1", "008", "1001,5", "991,5", "1011,5", "7"],
    ]


@pytest.mark.parametrize(
    ("text", "delimiter", "figure"),
    [
        ("Fecha,Promociones,Festivo,P\n2027-01-01,1,0,2.5\n", ",", "1000.5"),
        ("Fecha;Promociones;Festivo;P\n01/01/2027;1;0;2.5\n", ";", "1000.5"),
        ("Fecha;Promociones;Festivo\n01/01/2027;1;0\n", ";", "1000,5"),
        ('Fecha,Promociones,Festivo,P\n2027-01-01,1,0,"2,5"\n', ",", "1000,5"),
        ("Fecha\tPromociones\tFestivo\n01/01/2027\t1\t0\n", "\t", "1000,5"),
    ],
)
def test_the_answer_comes_in_the_dialect_of_the_file(
    take: Take, text: str, delimiter: str, figure: str
) -> None:
    (_, row) = cells(answered(take(text)), delimiter)
    assert row[-4:-1] == [figure, figure.replace("1000", "990"), figure.replace("1000", "1010")]


def test_a_model_without_intervals_leaves_them_empty(take: Take) -> None:
    file = take(f"{HEADER}\n2027-01-01,1,0\n")
    (_, row) = cells(answer_csv(file, Forecast(np.array([1234567.891])), 3))
    assert row[-4:] == ["1234567.89", "", "", "3"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1234.567891, 1000.0, 7.0 / 3], ["1234.57", "1000", "2.33"]),
        ([0.0123456, 0.5, 0.0987654], ["0.01235", "0.5", "0.09877"]),
        ([0.0, 0.0, 123.456], ["0", "0", "123.46"]),
    ],
)
def test_figures_have_cents_or_four_digits_where_sales_are_small(
    take: Take, values: list[float], texts: list[str]
) -> None:
    file = take(f"{HEADER}\n" + "2027-01-01,1,0\n" * len(values))
    _, *rows = cells(answer_csv(file, Forecast(np.array(values)), 3))
    assert [row[-4] for row in rows] == texts


@pytest.mark.parametrize(("value", "text"), [(1.5e11, "150000000000"), (1e-7, "0.0000001"), (0.0, "0")])
def test_a_figure_never_has_an_exponent(take: Take, value: float, text: str) -> None:
    file = take(f"{HEADER}\n2027-01-01,1,0\n")
    (_, row) = cells(answer_csv(file, Forecast(np.array([value])), 3))
    assert row[-4] == text


def test_an_answer_that_is_sent_again_gets_new_figures_in_place_of_the_old(take: Take) -> None:
    first = take(f"{HEADER}\n2027-01-01,1,0\n")
    again = take(answered(first))
    header, row = cells(answered(again, 2000.5))
    assert header == [*HEADER.split(","), "Pronóstico", "Mínimo", "Máximo", "VersiónDelModelo"]
    assert row == ["2027-01-01", "1", "0", "2000.5", "1990.5", "2010.5", "7"]


def test_a_column_of_the_file_that_is_called_like_one_of_the_answers_stays(take: Take) -> None:
    file = take(f"{HEADER},pronóstico,Pronostico (2)\n2027-01-01,1,0,77,88\n")
    header, row = cells(answered(file))
    assert header[3:] == [
        "pronóstico",
        "Pronostico (2)",
        "Pronóstico (3)",
        *("Mínimo", "Máximo", "VersiónDelModelo"),
    ]
    assert row[3:] == ["77", "88", "1000.5", "990.5", "1010.5", "7"]
    (told,) = (text for text in file.report["warnings"] if "Pronóstico" in text)
    assert told.endswith("that of the answer is called Pronóstico (3).")


def test_long_files_keep_zeros_blank_lines_and_odd_row_ends(take: Take) -> None:
    """The reader holds long columns of digits as numbers, and passes over what rows end in."""
    rows = [f"2027-01-{1 + n % 28:02},0,1,{n % 100:03}" for n in range(25_000)]
    rows[1] += ",,"
    text = gzip.compress((f"{HEADER},Id\n" + "\n".join([*rows[:2], "", *rows[2:]]) + "\n").encode())
    header, *back = cells(answered(take(text)))
    assert header[3] == "Id"
    assert [",".join(row[:4]) for row in back] == [rows[0], rows[1].rstrip(","), *rows[2:]]


def test_the_report_of_bad_rows_is_spanish_and_safe_to_open(take: Take) -> None:
    file = take("Fecha;Promociones;Festivo\n01/01/2027;1;0\n=1+1;1;0\n02/01/2027;quizás;0\n")
    header, *rows = cells(rejected_rows_csv(file.rejected, ";"), ";")
    assert header == ["Línea", "Qué corregir", "Fila"]
    assert rows == [
        ["3", ROW_RULES["date_unreadable"].advice, "'=1+1;1;0"],
        ["4", ROW_RULES["promotion_invalid"].advice, "02/01/2027;quizás;0"],
    ]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (b"PK\x03\x04 a workbook", "binary", "Excel"),
        (b"", "empty_file", "empty"),
        (HEADER, "no_rows", "no rows"),
        ("Fecha,Promociones\n2027-01-01,1\n", "missing_forecast_column", "Festivo"),
        ("Fecha,DíaDeLaSemana,Ventas\n2027-01-01,1,1\n", "missing_forecast_column", "Promociones, Festivo"),
        (f"{HEADER}\nnunca,1,0\n", "no_good_rows", "line 2"),
        (f"{HEADER}\n" + "2027-01-01,1,0\n" * 11, "too_many_rows", "11 rows"),
    ],
)
def test_a_file_that_cannot_be_used_is_rejected_with_its_report(
    take: Take, text: str | bytes, code: str, says: str
) -> None:
    with pytest.raises(RejectedUpload, match=says) as rejected:
        take(text, MAX_BATCH_ROWS=10)
    assert rejected.value.code == code
    told = rejection_report_text(rejected.value.report)
    assert told.startswith("# Archivo de pronóstico rechazado")
    json.dumps(rejected.value.report, allow_nan=False)


def test_a_cell_too_long_to_copy_is_refused_in_words(take: Take) -> None:
    file = take(f"{HEADER},nota\n2027-01-01,1,0,{'x' * 200_000}\n")
    with pytest.raises(RejectedUpload, match="cannot be copied") as rejected:
        answered(file)
    assert rejected.value.code == "cell_too_long"
