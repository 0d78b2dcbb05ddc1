"""Tables as CSV that a spreadsheet opens as they are: UTF-8 with BOM, and no cell that is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable

# The full-width ones too: some spreadsheets take them for the plain ones.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_SIGNED_NUMBER = re.compile(r"[+-][0-9.,]+([eE][+-]?[0-9]+)?")


def safe_cell(text: str) -> str:
    """`text` with a leading apostrophe if a spreadsheet would take it for a formula (OWASP, CSV injection).

    A number with its sign, and a sign that stands alone for «no value», stay as they are.
    """
    if not text.startswith(FORMULA_STARTS) or len(text) == 1 or _SIGNED_NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def csv_bytes(header: Iterable[str], rows: Iterable[Iterable[str]], delimiter: str) -> bytes:
    """A table of text cells as the bytes of a CSV file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")
