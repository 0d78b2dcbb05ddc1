"""Small files as nobody should send them, made by code; each with what may become of it. (Huge: `chaos.huge`.)"""

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

HEADER = "Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas"
DAYS = 60


@dataclass(frozen=True)
class Animal:
    """A file and what may become of it.

    codes: why it is rejected (any of these); empty where it is accepted. bad_rows: how many rows are put aside.
    """

    name: str
    data: bytes
    codes: frozenset[str] = frozenset()
    bad_rows: int = 0

    @property
    def key(self) -> str:
        """Where it is uploaded."""
        return f"zoo/{self.name}/ventas.csv"

    @property
    def outcomes(self) -> frozenset[str]:
        """The final states that its run may have."""
        return frozenset({"rejected"} if self.codes else {"promoted", "not_promoted"})


def day(number: int) -> date:
    """The day of a row; the first is Monday 2024-01-01, so that 29 February is among them."""
    return date(2024, 1, 1) + timedelta(days=number)


def table(
    row: str = "{day},{weekday},{promotion},{holiday},{sales}",
    *odd: str,
    header: str = HEADER,
    rows: int = DAYS,
    sales: Callable[[int], object] = lambda number: 1000 + 10 * number,
) -> str:
    """A header, `rows` rows of the form `row`, and the `odd` ones below."""
    good = [
        row.format(
            day=day(number),
            es=f"{day(number):%d/%m/%Y}",
            weekday=day(number).isoweekday(),
            promotion=number % 2,
            holiday=int(number % 7 == 6),
            sales=sales(number),
            number=number,
        )
        for number in range(rows)
    ]
    return "\n".join([header, *good, *odd, ""])


def _fine(name: str, text: str | bytes, bad_rows: int = 0) -> Animal:
    return Animal(name, text if isinstance(text, bytes) else text.encode(), bad_rows=bad_rows)


def _refused(name: str, text: str | bytes, *codes: str) -> Animal:
    return Animal(name, text if isinstance(text, bytes) else text.encode(), frozenset(codes))


GOOD = "{day},{weekday},{promotion},{holiday},{sales}"
SPANISH = table("{es};{weekday};{promotion};{holiday};{sales},50", header=HEADER.replace(",", ";"))


def _bytes(count: int) -> bytes:
    return random.Random(0).randbytes(count)


def _zip(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, table())
    return buffer.getvalue()


def _wide(columns: int, cell: str = "1") -> str:
    names = "".join(f",C{number}" for number in range(columns - 5))
    return table(GOOD + f",{cell}" * (columns - 5), header=HEADER + names)


def _everywhere(value: str) -> str:
    return table(f"{{day}},{{weekday}},{{promotion}},{{holiday}},{value}")


def _with_rows(value: str) -> str:
    """A good file with three rows below whose sales are `value`."""
    return table(GOOD, *(f"2024-06-0{number},1,0,0,{value}" for number in (3, 4, 5)))


def _further(name: str, cell: str) -> str:
    return table(GOOD + "," + cell, header=f"{HEADER},{name}")


EMPTY = (
    _refused("empty", b"", "empty_file"),
    _refused("blank", " \r\n\t\n" * 50, "empty_file"),
    _refused("only_delimiters", ",,,,\n" * 50, "empty_file"),
    _refused("header_only", HEADER + "\n", "no_rows"),
    _refused("one_row", table(rows=1), "too_few_rows"),
    _refused("one_date_many_times", table("2024-01-01,1,0,0,{sales}"), "too_many_rejected"),
)

DIALECTS = (
    _refused("wrong_delimiter", table().replace(",", "|"), "missing_column"),
    _fine("semicolon_decimal_comma", SPANISH),
    _fine("cp1252", SPANISH.encode("cp1252")),
    _fine("utf16", SPANISH.encode("utf-16")),
    _refused("utf16_without_mark", SPANISH.encode("utf-16-le"), "binary"),
    _refused("utf16_cut", SPANISH.encode("utf-16")[:-1], "encoding"),
    _refused("utf8_damaged", table().encode() + b"\xff\xfe\n", "encoding"),
    _fine("bom", b"\xef\xbb\xbf" + table().encode()),
    _fine("old_mac_line_ends", table().replace("\n", "\r")),
    _fine("no_line_end", table().rstrip("\n")),
    _fine(
        "columns_reordered",
        table("{sales},{holiday},{day},{promotion}", header="Ventas,Festivo,Fecha,Promociones"),
    ),
    _fine("header_shouted", table(header="FECHA,DIA DE LA SEMANA,PROMOCIONES,FESTIVO, VENTAS ")),
    _fine("header_repeated", table(GOOD, HEADER), bad_rows=1),
    _refused("columns_doubled", table(GOOD + ",{sales}", header=HEADER + ",VENTAS"), "duplicate_column"),
)

DATES = (
    _fine("mixed_dates", table(GOOD, "03/03/2024,7,0,0,1500", "4-3-24,1,0,0,1500", "20240305,2,0,0,1500")),
    _fine("leap_day", table(GOOD, "29/02/2023,3,0,0,1500", "2100-02-29,1,0,0,1500"), bad_rows=2),
    _fine("years_1_and_9999", table(GOOD, "0001-01-01,1,0,0,5", "9999-12-31,5,0,0,5"), bad_rows=2),
    _fine("year_0_and_huge", table(GOOD, "0000-00-00,1,0,0,5", "292277026596-12-04,1,0,0,5"), bad_rows=2),
    _fine("three_centuries", table(GOOD, "1900-01-01,1,0,0,1500", "2200-12-31,3,0,0,1500"), bad_rows=2),
    _fine("dates_doubled", table(GOOD, *(f"{day(number)},1,0,0,7" for number in range(9))), bad_rows=9),
    _refused("dates_in_american", table().replace("2024-01-", "01/").replace("2024-02-", "02/"), "no_good_rows"),
    _refused("dates_in_words", table("ayer,1,0,0,{sales}"), "no_good_rows"),
)  # fmt: skip

NUMBERS = (
    _fine("negative", _with_rows("-5"), bad_rows=3),
    _fine("nan", _with_rows("NaN"), bad_rows=3),
    _fine("inf", _with_rows("inf"), bad_rows=3),
    _fine("1e308", _with_rows("1e308"), bad_rows=3),
    _fine("1e309", _with_rows("1e309"), bad_rows=3),
    _fine("digits_300", _with_rows("9" * 300), bad_rows=3),
    _fine("digits_5000", _with_rows("9" * 5000), bad_rows=3),
    _fine("arabic_digits", _with_rows("١٢٣"), bad_rows=3),
    _fine("minus_zero", _with_rows("-0")),
    _refused("all_negative", _everywhere("-5"), "no_good_rows"),
    _refused("all_nan", _everywhere("NaN"), "no_good_rows"),
    _refused("all_inf", _everywhere("-inf"), "no_good_rows"),
    _refused("all_1e308", _everywhere("1e308"), "no_good_rows"),
    _fine("thousand_separators", _everywhere('"1,234,567.50"')),
    _fine("constant_target", _everywhere("1000")),
    _fine("zero_target", _everywhere("0")),
    _fine("tiny_target", _everywhere("1e-300")),
    _fine("largest_target", table(sales=lambda number: 10**12 - number)),
    _fine("all_holiday", table("{day},{weekday},1,1,{sales}")),
    _refused("flags_of_2", table("{day},{weekday},2,0,{sales}"), "no_good_rows"),
)

FURTHER = (
    _fine("further_1e308", _further("Temp", "{number}e306")),
    _fine("further_1e300_both_signs", _further("Temp", "-{number}e300")),
    _fine("further_1e150", _further("Temp", "{number}e150")),
    _fine("further_1e39", _further("Temp", "{number}e39")),
    _fine("further_one_huge", table(GOOD + ",{number}", "2024-06-03,1,0,0,1500,1e200", header=HEADER + ",T")),
    _fine("further_tiny", _further("Temp", "{number}e-320")),
    _fine("further_inf", _further("Temp", "inf")),
    _fine("further_constant", _further("Temp", "7")),
    _fine("further_only_in_test", table(GOOD + ",", *(f"2024-06-{n:02},1,0,0,1500,9" for n in range(3, 28)),
                                        header=HEADER + ",Temp")),
    _fine("formula_injection", _further("Nota", "=cmd|' /C calc'!A0")),
    _fine("formula_in_sales", _with_rows("=1+1"), bad_rows=3),
    _fine("formula_in_header", _further("=cmd|' /C calc'!A0", "{number}")),
    _fine("html_in_text", _further("Nota", "<script>alert(1)</script><img src=x onerror=alert(1)>")),
    _fine("html_in_header", _further("<b onmouseover=alert(1)>x</b>", "{number}")),
    _fine("emoji", _further("🛒 día", "🎉")),
    _fine("text_right_to_left", _further("متجر", "\u202eevil\u202c")),
    _fine("header_of_paths", _further("../../etc/passwd", "../../x")),
    _fine("header_of_mlflow", _further("model__n_estimators", "{number}")),
    _fine("header_of_prediction", _further("prediction", "{number}")),
    _fine("header_long", _further("x" * 20_000, "{number}")),
    _fine("cell_long", _further("Nota", "x" * 100_000)),
    _fine("quoted_line_ends", _further("Nota", '"a\nb\r\n""c"""')),
    _fine("columns_200", _wide(200)),
    _refused("columns_201", _wide(201), "too_many_columns"),
    _refused("columns_10000", _wide(10_000), "too_many_columns"),
    _refused("columns_100000", _wide(100_000, ""), "too_many_columns", "header"),
)  # fmt: skip

NOT_A_TABLE = (
    _refused("quotes_unbalanced", table(GOOD, '2024-06-03,1,0,0,"5'), "quotes"),
    _refused("quotes_inside", table(GOOD, '2024-06-03,1,0,0,5"5'), "quotes"),
    _refused("quote_alone", '"', "quotes", "header", "missing_column"),
    _refused("nul_bytes", table(GOOD, "2024-06-03,1,0,0,\0"), "binary"),
    _refused("nul_only", b"\0" * 5000, "binary"),
    _refused("binary", _bytes(20_000), "binary"),
    _refused("binary_without_nul", _bytes(20_000).replace(b"\0", b""), "encoding", "quotes", "missing_column"),
    _refused("elf", b"\x7fELF" + struct.pack("<8x") + _bytes(500), "binary"),
    _refused("zip", _zip("ventas.csv"), "binary"),
    _refused("zip_empty", b"PK\x05\x06" + b"\0" * 18, "binary"),
    _refused("pdf", b"%PDF-1.7\n" + _bytes(500), "binary"),
    _refused("html", "<!doctype html><html><body><h1>404</h1></body></html>", "no_rows"),
    _refused("json", '[{"Fecha": "2024-01-01", "Ventas": 5}]', "missing_column", "quotes", "header"),
    _refused("lines_2000000", "\n" * 2_000_000, "empty_file"),
    _refused("line_5_mb", "x" * 5_000_000, "header"),
    _refused("ragged", table("{day},{weekday},{promotion}"), "no_good_rows"),
)  # fmt: skip

COMPRESSED = (
    _fine("gzip", gzip.compress(table().encode())),
    _refused("gzip_cut", gzip.compress(table().encode())[:-9], "bad_gzip"),
    _refused("gzip_of_gzip", gzip.compress(gzip.compress(table().encode())), "binary"),
    _refused("gzip_of_nothing", gzip.compress(b""), "empty_file"),
    _fine("gzip_members", gzip.compress(table(rows=30).encode()) + gzip.compress(
        "\n".join(table().split("\n")[31:]).encode())),
    _refused("gzip_bomb_20_mb", gzip.compress(b"0" * 20_000_000), "too_large"),
)  # fmt: skip

ANIMALS = (*EMPTY, *DIALECTS, *DATES, *NUMBERS, *FURTHER, *NOT_A_TABLE, *COMPRESSED)
