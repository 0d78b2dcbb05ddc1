import csv
import io

import pytest

from ventas.spreadsheet import csv_bytes, safe_cell


@pytest.mark.parametrize("text", ["", "Rosario", "-5", "+3,5", "-1.234,5", "-2e-3", "-", "a=b", "12"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "@SUM(A1)", "+cmd|'/C calc'!A0", "-1+1", "--1", "=-"),
        *("\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(A1)"),
    ],
)
def test_a_formula_is_shown_and_not_computed(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_cells_come_back_as_they_were_written() -> None:
    rows = [["Ñandú; 1", 'dice "hola"', "dos\nlíneas"], ["", "1,5", "=1"]]
    data = csv_bytes(["a", "=b", "c"], rows, ";")
    assert data.startswith(b"\xef\xbb\xbf"), "spreadsheets show accents only with the mark"
    back = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert back == [["a", "'=b", "c"], rows[0], ["", "1,5", "'=1"]]
