"""The rows of a sales file that were left aside, in the sender's words: what to correct, in the page's language."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from dashboard import words
from dashboard.i18n import SPANISH, language
from dashboard.i18n import gettext as _

COLUMNS = ["line", "reason", "code", "row"]  # as the pipeline writes them; another file is passed on as it is


def in_words(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The file in pieces: UTF-8 with BOM, semicolons where the language writes decimal commas.

    Cells were made safe for spreadsheets by the pipeline, and keep their apostrophe.
    """
    lines = _lines(pieces)
    first = next(lines, "")
    if next(csv.reader([first]), []) != COLUMNS:
        yield from (
            line.encode("utf-8-sig" if at == 0 else "utf-8") for at, line in enumerate(chain([first], lines))
        )
        return
    delimiter = ";" if language() == SPANISH else ","
    yield _row([_("Línea"), _("Qué corregir"), _("Fila")], delimiter).encode("utf-8-sig")
    for line, _reason, code, row in csv.reader(lines):
        yield _row([line, words.row_fault(code), row], delimiter).encode()


def _row(cells: list[str], delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text line by line, ends kept; only a line feed ends one, as a cell may hold any other separator."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest
