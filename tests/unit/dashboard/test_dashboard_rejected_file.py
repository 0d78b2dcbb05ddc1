"""The rows that were left aside, in the words of whoever has to correct them."""

import csv
import io

import pandas as pd
from flask import Flask

from dashboard.rejected_file import in_words
from ventas.quality import rejected_csv_bytes
from ventas.rejections import ROW_RULES

ROWS = pd.DataFrame(
    {
        "line": [7, 9],
        "reason": ["Ventas is empty.", "x"],
        "code": ["missing_sales", "duplicate_date"],
        "row": ['2024-01-01;"una\u2028\ncelda"', "=1+1"],
    }
)


def told(data: bytes, size: int = 7) -> str:
    """The file as it arrives, from pieces that end anywhere."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(in_words(pieces)).decode("utf-8-sig")


def test_in_spanish_for_a_spanish_spreadsheet() -> None:
    rows = list(csv.reader(io.StringIO(told(rejected_csv_bytes(ROWS)), newline=""), delimiter=";"))
    assert rows[0] == ["Línea", "Qué corregir", "Fila"]
    assert rows[1] == ["7", ROW_RULES["missing_sales"].advice, ROWS["row"][0]]
    assert rows[2][2] == "'=1+1"


def test_in_english_with_commas() -> None:
    with Flask("test").test_request_context(headers={"Accept-Language": "en"}):
        rows = list(csv.reader(io.StringIO(told(rejected_csv_bytes(ROWS)), newline="")))
    assert rows[0] == ["Line", "What to correct", "Row"]
    assert rows[1][0] == "7"


def test_the_file_of_a_forecast_is_in_words_already() -> None:
    assert told("Línea;Qué corregir;Fila\n2;x;y\n".encode("utf-8-sig")) == "Línea;Qué corregir;Fila\n2;x;y\n"
