"""The structure of a delimited text: its records, their cells and lines, and quotation marks that are out of place.

Found with numpy over the positions of the few bytes that matter: no Python loop over rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ventas.contract import refused

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_NEWLINE, _QUOTE = 10, 34
_MAX_RAW_CHARACTERS = 2_000  # a bad row is quoted in the report up to here
MOST_RAW_BYTES = 4 * _MAX_RAW_CHARACTERS
# Positions cost 8 bytes each: a file of nothing but delimiters must not take 4 GB.
_MAX_MARKS = 100_000_000


@dataclass(frozen=True)
class Records:
    """Byte ranges of the records of a text: `starts` inclusive, `ends` exclusive (at the line end)."""

    data: bytes
    starts: Ints
    ends: Ints
    lines: Ints

    def raw(self) -> list[str]:
        """The text of the records as the file has it, each cut after 2,000 characters."""
        return [
            raw_text(self.data[start : min(end, start + MOST_RAW_BYTES)])
            for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        ]

    def take(self, rows: Ints | Bools | slice) -> "Records":
        """Only some of the records, of the same text; a slice copies nothing."""
        return Records(self.data, self.starts[rows], self.ends[rows], self.lines[rows])


def raw_text(data: bytes) -> str:
    """The text of a record of which the first MOST_RAW_BYTES are given, as a report quotes it."""
    return data.decode(errors="ignore")[:_MAX_RAW_CHARACTERS]


def _positions(data: bytes, byte: int) -> Ints:
    """Where a delimiter or quotation mark is; raises RejectedUpload (`too_large`) if there are absurdly many."""
    if byte not in data:
        return np.zeros(0, dtype=np.int64)
    found = np.frombuffer(data, dtype=np.uint8) == byte
    if np.count_nonzero(found) > _MAX_MARKS:
        raise refused(
            f"The file has more than {_MAX_MARKS:,} cells. Split it into smaller files.",
            "too_large",
            max_cells=_MAX_MARKS,
        )
    return np.flatnonzero(found)


def _outside(quotes: Ints, positions: Ints) -> Ints:
    """Those positions that are not between quotation marks (a doubled mark closes and opens again)."""
    if not len(quotes):
        return positions
    outside: Ints = positions[np.searchsorted(quotes, positions) % 2 == 0]
    return outside


def check_lines(count: int, max_rows: int) -> None:
    """Raise RejectedUpload (`too_large`) where there are more line ends than header and `max_rows` rows take."""
    if count > max_rows + 1:
        raise refused(
            f"The file has more than {max_rows:,} lines below the header. Split it into smaller files, or raise "
            "MAX_ROWS.",
            "too_large",
            max_rows=max_rows,
        )


def find_records(data: bytes, quotes: Ints, first_line: int = 1) -> Records:
    """The records of a text that begins in line `first_line`; a line end between quotation marks ends none."""
    newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE)
    ends = _outside(quotes, newlines)
    last = ends[-1] + 1 if len(ends) else 0
    if last < len(data):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])
    lines = np.searchsorted(newlines, starts) if len(quotes) else np.arange(len(starts))
    return Records(data, starts, ends, lines + first_line)


def check_quotes(data: bytes, quotes: Ints, delimiter: str, first_line: int = 1) -> None:
    """Refuse quotation marks that do not enclose whole cells: rows after them could be swallowed unseen.

    `data` are whole records that begin in line `first_line`. Raises RejectedUpload (`quotes`) naming the line.
    """
    if not len(quotes):
        return
    buffer = np.frombuffer(data, dtype=np.uint8)
    border = np.zeros(256, dtype=bool)
    border[[_NEWLINE, ord(delimiter)]] = True
    before = border[buffer[quotes - 1]] | (quotes == 0)
    after = border[buffer[np.minimum(quotes + 1, len(data) - 1)]] | (quotes == len(data) - 1)
    doubled = np.diff(quotes, append=-1) == 1
    opening = np.arange(len(quotes)) % 2 == 0
    fine = np.where(opening, before | np.roll(doubled, 1), after | doubled)
    if not fine.all():
        at = int(quotes[np.argmin(fine)])
    elif len(quotes) % 2:
        at = int(quotes[-1])
    else:
        return
    line = data.count(b"\n", 0, at) + first_line
    raise refused(
        f'Line {line} has a quotation mark (") that does not enclose a whole cell. Remove it, or write the cell as '
        '"…" with quotation marks inside doubled.',
        "quotes",
        line=line,
    )


def cells_per_record(records: Records, quotes: Ints, delimiter: str) -> Ints:
    """How many cells each record has. Raises RejectedUpload (`too_large`)."""
    if not len(quotes) and (counts := _counted(records, ord(delimiter))) is not None:
        return counts + 1
    marks = _outside(quotes, _positions(records.data, ord(delimiter)))
    return np.diff(np.searchsorted(marks, records.ends), prepend=0) + 1


def _counted(records: Records, byte: int) -> Ints | None:
    """How often a byte is in each record, or None where that is too much for a byte: counted without positions."""
    found = np.frombuffer(records.data, dtype=np.uint8) == byte
    counts = np.add.reduceat(found.view(np.uint8), records.starts, dtype=np.uint8).astype(np.int64)
    return counts if int(counts.sum()) == np.count_nonzero(found) else None


def count_newlines(data: bytes) -> int:
    """How many line ends a text has; bytes.count takes three times as long where there are many."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE))


def find_quotes(data: bytes) -> Ints:
    """Where the quotation marks are; raises RejectedUpload (`too_large`) if there are absurdly many."""
    return _positions(data, _QUOTE)
