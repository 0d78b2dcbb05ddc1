import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ventas.errors import RejectedUpload
from ventas.ingest import MIN_ROWS, Ingested, ingest, rejection_report_text
from ventas.rejections import FILE_ADVICE, ROW_RULES
from ventas.settings import Settings

REAL = Path(__file__).parents[4] / "shared" / "data" / "ventas-2022.csv"
HEADER = "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas"


@pytest.fixture
def take(tmp_path: Path):  # type: ignore[no-untyped-def]
    def take(text: str | bytes, **knobs: object) -> Ingested:
        path = tmp_path / "upload"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            taken = ingest(path, Settings(_env_file=None, **knobs))  # type: ignore[arg-type,call-arg]
        except RejectedUpload as error:
            json.dumps(error.report, allow_nan=False)
            raise
        json.dumps(taken.report, allow_nan=False)
        return taken

    return take


def day(number: int) -> date:
    return date(2024, 1, 1) + timedelta(days=number)


def table(*odd: str, header: str = HEADER, rows: int = 20, row: str = "{day},{weekday},0,0,{sales}") -> str:
    """`rows` good rows, from Monday 2024-01-01 on, with the `odd` ones below."""
    good = [
        row.format(day=day(n), weekday=day(n).isoweekday(), sales=1000 + n, es=f"{day(n):%d/%m/%Y}")
        for n in range(rows)
    ]
    return "\n".join([header, *good, *odd, ""])


def codes(taken: Ingested) -> list[tuple[int, str]]:
    return list(zip(taken.rejected["line"], taken.rejected["code"], strict=True))


def test_a_clean_file(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(table())
    assert taken.frame.dtypes.astype(str).to_dict() == {
        "Fecha": "datetime64[ns]",
        "DíaDeLaSemana": "int64",
        "Promociones": "int64",
        "Festivo": "int64",
        "Ventas": "float64",
    }
    assert taken.frame["Ventas"].tolist() == [1000.0 + n for n in range(20)]
    assert taken.frame["Fecha"].dt.date.tolist() == [day(n) for n in range(20)]
    assert list(taken.rejected) == ["line", "reason", "code", "row"]
    report = taken.report
    assert (report["rows_in"], report["rows_kept"], report["rows_rejected"]) == (20, 20, 0)
    assert report["dialect"] == {"encoding": "utf-8", "delimiter": ",", "decimal": ".", "gzip": False}
    assert report["warnings"] == []
    assert report["columns"][0] == {
        "name": "Fecha",
        "role": "date",
        "missing": 0,
        "min": "2024-01-01",
        "max": "2024-01-20",
    }
    assert report["columns"][4]["max"] == 1019.0


@pytest.mark.skipif(not REAL.exists(), reason="the shared real-shaped sales are not beside the project")
def test_real_sales_keep_every_row() -> None:
    taken = ingest(REAL, Settings(_env_file=None))
    pd.testing.assert_frame_equal(
        taken.frame, pd.read_csv(REAL, parse_dates=["Fecha"]), check_dtype=False, check_index_type=False
    )
    assert taken.report["weekday_contradictions"] == 0
    assert taken.report["dates"]["missing_days"] == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_as_a_spanish_spreadsheet_writes_it(take, encoding) -> None:  # type: ignore[no-untyped-def]
    text = table(
        "21/01/2024;7;SÍ;Verdadero;1.234,56",
        header="FECHA;Dia de la semana;promociones;festivo;VENTAS",
        row="{es};{weekday};no;falso;{sales},50",
    )
    taken = take(text.replace("\n", "\r\n").encode(encoding))
    last = taken.frame.iloc[-1]
    assert last.tolist() == [pd.Timestamp("2024-01-21"), 7, 1, 1, 1234.56]
    assert taken.frame["Ventas"].iloc[0] == 1000.5
    assert list(taken.frame)[1] == "DíaDeLaSemana"
    assert taken.report["dialect"]["decimal"] == ","


@pytest.mark.parametrize(
    "text",
    [
        "21/01/2024",
        "21-1-24",
        "2024-01-21 00:00:00",
        "2024/1/21",
        "2024-01-21T00:00:00Z",
        "21.01.2024 0:00",
        "20240121",
    ],
)
def test_dates_are_read_row_by_row(take, text) -> None:  # type: ignore[no-untyped-def]
    taken = take(table(f"{text},7,0,0,1"))
    assert taken.frame["Fecha"].iloc[-1] == pd.Timestamp("2024-01-21")


@pytest.mark.parametrize(
    ("text", "flag"), [("sí", 1), ("S", 1), ("x", 1), ("1.0", 1), ("TRUE", 1), ("N", 0), ("Falso", 0)]
)
def test_flags_are_read_as_people_write_them(take, text, flag) -> None:  # type: ignore[no-untyped-def]
    assert take(table(f"2024-01-21,7,{text},0,1")).frame["Promociones"].iloc[-1] == flag


def test_flags_with_a_decimal_comma(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(
        table(
            "2024-01-21;7;1,0;0,0;5", header=HEADER.replace(",", ";"), row="{day};{weekday};0,0;1,0;{sales}"
        )
    )
    assert taken.frame["Festivo"].tolist() == [1] * 20 + [0]


def test_a_flag_marked_with_x_means_0_where_empty(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(table("2024-01-21,7,x,0,1", row="{day},{weekday},,0,{sales}"))
    assert taken.frame["Promociones"].tolist() == [0] * 20 + [1]
    assert "marked with x" in taken.report["warnings"][0]


@pytest.mark.parametrize(
    ("delimiter", "sales", "expected"),
    [
        (";", ["1.234", "999,5"], [1234, 999.5]),
        (",", ["1.234", "999.5"], [1.234, 999.5]),
        (",", ['"1,234"', "999.5"], [1234, 999.5]),
        (",", ['"1,234.50"', "999"], [1234.5, 999]),
        (";", ["1.234.567", "1.234"], [1234567, 1234]),
        (";", ["1,234.5", "1,234"], [1234.5, 1234]),
        (";", ["12.5", "1.234"], [12.5, 1.234]),
        (";", ["$ 1.234,50", "7 €"], [1234.5, 7]),
        (";", ["1.234", "4033"], [1.234, 4033]),  # nobody wrote thousands separators here
        (";", ["1.234", "999"], [1234, 999]),
        (",", ["1.234", "999"], [1.234, 999]),
        ("\t", ["1.234", "999"], [1234, 999]),
        (",", ['"12,5"', "3"], [12.5, 3]),
        (";", ["1,5E+03", "3"], [1500, 3]),
    ],
)
def test_the_file_decides_what_its_marks_mean(take, delimiter, sales, expected) -> None:  # type: ignore[no-untyped-def]
    cells = (sales * 10)[:20]
    lines = [HEADER.replace(",", delimiter)]
    lines += [delimiter.join([str(day(n)), "1", "0", "0", cell]) for n, cell in enumerate(cells)]
    assert take("\n".join(lines)).frame["Ventas"].tolist() == (expected * 10)[:20]


def test_a_guess_about_marks_is_admitted(take) -> None:  # type: ignore[no-untyped-def]
    text = table(header=HEADER.replace(",", ";"), row="{day};{weekday};0;0;1.234")
    assert "Nothing proves" in take(text).report["warnings"][0]
    assert "Nothing proves" not in str(take(table()).report["warnings"])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",7,0,0,1", "missing_date"),
        ("2024-01-21,7,,0,1", "missing_promotion"),
        ("2024-01-21,7,0,NULL,1", "missing_holiday"),
        ("2024-01-21,7,0,0,", "missing_sales"),
        ("2024-01-21,7,0,0,nan", "missing_sales"),
        ("31/02/2024,7,0,0,1", "date_unreadable"),
        ("01/13/2024,7,0,0,1", "date_unreadable"),
        ("ayer,7,0,0,1", "date_unreadable"),
        ("1899-12-31,7,0,0,1", "date_out_of_range"),
        ("2201-01-01,7,0,0,1", "date_out_of_range"),
        ("2024-01-21,7,2,0,1", "promotion_invalid"),
        ("2024-01-21,7,0,-1,1", "holiday_invalid"),
        ("2024-01-21,7,0,0,mucho", "sales_unreadable"),
        ("2024-01-21,7,0,0,inf", "sales_unreadable"),
        ("2024-01-21,7,0,0,1e999", "sales_unreadable"),
        ('2024-01-21,7,0,0,"1,2"', "sales_unreadable"),
        ("2024-01-21,7,0,0,-1", "sales_negative"),
        ("2024-01-21,7,0,0,1e13", "sales_absurd"),
        ("2024-01-21,7,0,0,10,50", "fields"),
        ("2024-01-21,7,0", "fields"),
    ],
)
def test_a_bad_row_stays_aside_with_its_line_and_reason(take, row, code) -> None:  # type: ignore[no-untyped-def]
    # The rows 1.5 and 2.5 settle the decimal point.
    taken = take(table("2024-02-01,4,0,0,1.5", row, "2024-02-02,5,0,0,2.5"))
    assert codes(taken) == [(23, code)]
    assert taken.frame["Ventas"].tolist()[-2:] == [1.5, 2.5]
    assert taken.rejected["row"].tolist() == [row]
    assert taken.rejected["reason"].iloc[0].endswith(".")
    assert taken.report["dropped"] == {code: 1}
    assert taken.report["rejected_examples"][0]["line"] == 23
    assert "línea 23" in rejection_report_text(taken.report)


def test_the_first_broken_rule_counts(take) -> None:  # type: ignore[no-untyped-def]
    assert codes(take(table("ayer,7,9,9,-1"))) == [(22, "date_unreadable")]


def test_the_date_wins_over_the_weekday(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(
        table("2024-01-21,1,0,0,1", "2024-01-22,lunes,0,0,1", "2024-01-23,99,0,0,1", "2024-01-24,,0,0,1")
    )
    assert taken.frame["DíaDeLaSemana"].tolist()[-4:] == [7, 1, 2, 3]
    assert taken.report["weekday_contradictions"] == 2
    assert any("line 22" in warning for warning in taken.report["warnings"])


def test_an_absent_weekday_is_derived(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(table(header="Fecha,Promociones,Festivo,Ventas", row="{day},0,0,{sales}"))
    assert taken.frame["DíaDeLaSemana"].tolist()[:8] == [1, 2, 3, 4, 5, 6, 7, 1]
    assert list(taken.frame)[:2] == ["Fecha", "DíaDeLaSemana"]


def test_gaps_in_the_dates_are_reported(take) -> None:  # type: ignore[no-untyped-def]
    dates = take(table("2024-01-25,4,0,0,1", "2024-01-27,6,0,0,1")).report["dates"]
    assert dates["gaps"] == [
        {"from": "2024-01-21", "to": "2024-01-24", "days": 4},
        {"from": "2024-01-26", "to": "2024-01-26", "days": 1},
    ]
    assert (dates["missing_days"], dates["distinct"], dates["last"]) == (5, 22, "2024-01-27")


def test_of_a_repeated_date_the_last_row_stays(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(table("2024-01-20,6,0,0,7", "2024-01-20,6,0,0,8"))
    assert codes(taken) == [(21, "duplicate_date"), (22, "duplicate_date")]
    assert taken.frame["Ventas"].iloc[-1] == 8
    assert taken.report["dates"]["duplicated"] == 2


def test_series_may_share_dates_but_not_whole_rows(take) -> None:  # type: ignore[no-untyped-def]
    shops = table(header=HEADER + ",Tienda", row="{day},{weekday},0,0,{sales},Norte")
    taken = take(shops + "2024-01-20,6,0,0,1019,Sur\n2024-01-20,6,0,0,1019,Norte\n2024-01-20,6,0,0,5,Norte\n")
    assert codes(taken) == [(21, "duplicate_date")]
    assert len(taken.frame) == 22


@pytest.mark.parametrize("form", ["{}", "Tienda {}"])
def test_an_id_of_many_shops_tells_series_apart(take, form) -> None:  # type: ignore[no-untyped-def]
    rows = [
        f"{day(n)},{day(n).isoweekday()},0,0,{n},{form.format(shop)}" for n in range(12) for shop in range(60)
    ]
    taken = take("\n".join([HEADER + ",Local", *rows]))
    assert len(taken.frame) == 720
    assert (taken.report["series"], taken.report["series_count"]) == ("Local", 60)


def test_a_count_that_differs_does_not_excuse_a_repeated_date(take) -> None:  # type: ignore[no-untyped-def]
    rows = [f"{day(n % 90)},1,0,0,5,{100 + n}" for n in range(180)]
    with pytest.raises(RejectedUpload) as caught:
        take("\n".join([HEADER + ",Clientes", *rows]))
    assert caught.value.report["dropped"] == {"duplicate_date": 90}


def test_further_columns(take) -> None:  # type: ignore[no-untyped-def]
    header = HEADER + ",Temp °C,Tienda,Nota,Vacía,"
    rows = [f'{day(n)},1,0,0,{n},"{n},5",{"NA" if n % 2 else "007a"},nota {n},,7' for n in range(60)]
    rows[3] = rows[3].replace('"3,5",NA', ",")
    taken = take("\n".join([header, *rows]))
    assert list(taken.frame)[5:] == ["Temp °C", "Tienda"]
    assert taken.frame["Temp °C"].dtype == np.float64
    assert taken.frame["Temp °C"].iloc[4] == 4.5
    assert taken.frame["Tienda"].tolist()[:2] == ["007a", "NA"]
    assert taken.frame.loc[3, ["Temp °C", "Tienda"]].isna().all()
    roles = {column["name"]: column["role"] for column in taken.report["columns"][5:]}
    assert roles == {
        "Temp °C": "numeric",
        "Tienda": "categorical",
        "Nota": "left_out",
        "Vacía": "left_out",
        "(column 10)": "left_out",
    }
    left_out = [warning for warning in taken.report["warnings"] if "left out" in warning]
    assert [
        word in warning for word, warning in zip(("Nota", "Vacía", "column 10"), left_out, strict=True)
    ] == [True] * 3


@pytest.mark.parametrize("column", ["Fecha", "Promociones", "Festivo", "Ventas"])
def test_a_missing_column_names_what_was_found(take, column) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RejectedUpload) as caught:
        take(table(header=HEADER.replace(column, "Otra")))
    assert caught.value.code == "missing_column"
    assert column in str(caught.value)
    assert "DíaDeLaSemana may be left out" in str(caught.value)
    assert "«Otra»" in str(caught.value)
    assert caught.value.report["rejection"]["code"] == "missing_column"
    text = rejection_report_text(caught.value.report)
    assert f"Columnas que faltan: {column}" in text
    assert "rechazado" in text


def test_too_many_bad_rows_reject_the_file_with_a_full_report(take) -> None:  # type: ignore[no-untyped-def]
    bad = [f"2024-03-{n:02},1,0,0,-5" for n in range(1, 7)]
    assert len(take(table(*bad[:5])).rejected) == 5  # 20 % is still accepted
    with pytest.raises(RejectedUpload) as caught:
        take(table(*bad))
    assert caught.value.code == "too_many_rejected"
    assert "6 of 26 rows (23%)" in str(caught.value)
    report = caught.value.report
    assert (report["rows_in"], report["rows_kept"], report["dropped"]) == (26, 20, {"sales_negative": 6})
    assert "negativa" in rejection_report_text(report)
    assert take(table(*bad), MAX_REJECTED_SHARE=0.5).report["rows_rejected"] == 6


def test_too_few_rows(take) -> None:  # type: ignore[no-untyped-def]
    assert len(take(table(rows=MIN_ROWS)).frame) == MIN_ROWS
    with pytest.raises(RejectedUpload) as caught:
        take(table(rows=MIN_ROWS - 1))
    assert caught.value.code == "too_few_rows"
    with pytest.raises(RejectedUpload) as caught:
        take(table(*["x,1,0,0,1"] * 30, rows=0))
    assert caught.value.code == "no_good_rows"
    assert caught.value.report["dates"]["first"] is None


def test_a_file_that_is_no_table_has_a_report_too(take) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RejectedUpload) as caught:
        take(b"PK\x03\x04 not a csv")
    assert caught.value.report["rejection"]["code"] == caught.value.code == "binary"
    assert caught.value.report["rows_in"] == 0
    assert "CSV" in rejection_report_text(caught.value.report)


def test_rejected_rows_open_safely_in_a_spreadsheet(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(
        table('=HYPERLINK("http://x";"a"),1,0,0,1', "@SUM(A1),1,0,0,1", "-1,1,0,0,1").replace('"', "'")
    )
    data = taken.rejected_csv()
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["row"][:2] for row in rows] == ["'=", "'@", "'-"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert data.startswith(b"\xef\xbb\xbf")  # spreadsheets need it for the accents


def test_sales_of_the_future_are_used_but_told(tmp_path: Path) -> None:
    path = tmp_path / "ventas.csv"
    path.write_text(table())
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert ingest(path, settings, today=day(19)).report["warnings"] == []
    taken = ingest(path, settings, today=day(16))
    assert len(taken.frame) == 20
    (said,) = taken.report["warnings"]
    assert said.startswith("Fecha is after today (2024-01-17) in 3 rows (first in line 19).")


def test_of_a_rejected_file_the_first_hundred_thousand_bad_rows_are_kept(take) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RejectedUpload) as caught:
        take(table(*["ayer,1,0,0,1"] * 100_001))
    assert caught.value.bad_rows.count(b"\n") == 1 + 100_000
    assert "Las primeras 100000 están en `rejected.csv`" in rejection_report_text(caught.value.report)


def test_a_long_bad_row_is_cut(take) -> None:  # type: ignore[no-untyped-def]
    taken = take(table("x" * 50_000 + ",1,0,0,1"))
    assert len(taken.rejected["row"].iloc[0]) == 2_000
    assert len(taken.rejected["reason"].iloc[0]) < 200


def test_every_code_has_advice_in_spanish() -> None:
    assert all(rule.advice.endswith(".") for rule in ROW_RULES.values())
    assert all(advice.endswith(".") for advice in FILE_ADVICE.values())
    sources = Path(__file__).parents[3] / "ventas"
    text = "".join(
        (sources / name).read_text("utf-8")
        for name in (
            "dialect.py",
            "records.py",
            "reader.py",
            "ingest.py",
            "cleaned.py",
            "split.py",
            "forecast_file.py",
            "forecast_answer.py",
            "pipeline/uploads.py",
        )
    )
    assert all(f'"{code}"' in text for code in FILE_ADVICE)


def test_a_remark_has_a_code_and_its_facts_beside_its_sentence(take) -> None:  # type: ignore[no-untyped-def]
    text = table(header="Fecha,Promociones,Festivo,Ventas,Vacía", row="{day},0,0,{sales},")
    report = take(text).report
    assert report["remarks"] == [{"code": "left_out_empty", "column": "«Vacía»"}, {"code": "weekday_absent"}]
    assert report["warnings"] == [
        "Column «Vacía» was left out: it is empty.",
        "DíaDeLaSemana is not in the file; it was derived from Fecha.",
    ]
