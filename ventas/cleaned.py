"""What cleaning gives, however it was done: the rows to train on, the older ones, the bad ones, and the report."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.cells import Decimal
from ventas.contract import DATE, HOLIDAY, PROMOTION, REQUIRED_COLUMNS, TARGET, WEEKDAY, refused
from ventas.errors import RejectedUpload
from ventas.further import Further
from ventas.quality import MOST_BAD_ROWS, Report, column_report, rejected_csv_bytes
from ventas.remarks import Remark, remark
from ventas.roles import Roles
from ventas.settings import Settings
from ventas.split import csv_parts

# Under ten rows neither five folds nor a 30 % test have two dates each.
MIN_ROWS = 10
HEADER = f"The header must name {', '.join(REQUIRED_COLUMNS)}; {WEEKDAY} may be left out."
ROLES = {DATE: "date", WEEKDAY: "weekday", PROMOTION: "promotion", HOLIDAY: "holiday", TARGET: "target"}

Days = npt.NDArray[np.int64]


class Cleaned(Protocol):
    """A file that was read.

    frame: the rows to train and test on, at most MAX_TRAINING_ROWS: the contract's columns in their order
    (datetime64[ns] at midnight, int64 x 3, float64), then the further ones under the file's names (float64, or str).
    report: JSON-ready.
    """

    @property
    def frame(self) -> pd.DataFrame: ...

    @property
    def report(self) -> Report: ...

    @property
    def roles(self) -> Roles:
        """The further columns of `frame` that mean something special."""
        ...

    def rejected_parts(self) -> Iterator[bytes]:
        """All bad rows as CSV that is safe to open in a spreadsheet, piece by piece."""
        ...

    def bad_rows(self) -> bytes | None:
        """The first MOST_BAD_ROWS of them, None where there are none."""
        ...

    def older_parts(self) -> "Iterator[bytes | memoryview[int]]":
        """The clean rows that are older than those of `frame`, as `csv_parts`; nothing where there are none."""
        ...


@dataclass(frozen=True)
class Ingested:
    """`Cleaned` in memory. rejected: columns line, reason, code, row. older: as `frame`, None if there are none."""

    frame: pd.DataFrame
    rejected: pd.DataFrame
    report: Report
    older: pd.DataFrame | None = None

    @property
    def roles(self) -> Roles:
        return Roles.of_report(self.report)

    def rejected_csv(self) -> bytes:
        """All bad rows as one CSV."""
        return rejected_csv_bytes(self.rejected)

    def rejected_parts(self) -> Iterator[bytes]:
        yield self.rejected_csv()

    def bad_rows(self) -> bytes | None:
        return rejected_csv_bytes(self.rejected.head(MOST_BAD_ROWS)) if len(self.rejected) else None

    def older_parts(self) -> "Iterator[bytes | memoryview[int]]":
        return iter(()) if self.older is None else csv_parts(self.older)


def training_begins(days: Days, rows: Days, most: int) -> int:
    """The day from which on the rows to train on begin: of the newest days as many as have `most` rows together.

    `days` ascending, each once, with their counts of `rows`. Days are not cut: each has all of its series. The newest
    is always among them.
    """
    fits = np.cumsum(rows[::-1])[::-1] <= most
    return int(days[fits][0]) if fits.any() else int(days[-1])


def older_remark(rows: int, kept: int, begins: int) -> list[Remark]:
    """What the sender should know of clean rows that nothing is learnt from; `begins` is the first day that is."""
    if not rows:
        return []
    return [remark("older_rows", rows=rows, kept=kept, date=str(np.datetime64(begins, "D")))]


def chosen_decimal(
    sales: tuple[int, int, int], others: Iterable[tuple[int, int, int]], delimiter: str
) -> tuple[Decimal, list[Remark]]:
    """The decimal mark by the evidence of the sales, and where that is even of the `others` too, which is looked at
    only then; else as goes with the delimiter."""
    comma, point, unsure = sales
    if comma == point:
        for more in others:
            comma, point = comma + more[0], point + more[1]
    if comma != point:
        return ("," if comma > point else "."), []
    decimal: Decimal = "." if delimiter == "," else ","
    if not unsure:
        return decimal, []
    return decimal, [remark("decimal_unproven", mark={",": "comma", ".": "point"}[decimal], rows=int(unsure))]


def columns_report(frame: pd.DataFrame, further: Sequence[Further], weekday_missing: int) -> list[Report]:
    """The report's list of columns: the contract's, then the further ones in the file's order."""
    contract = [
        column_report(name, role, frame[name], weekday_missing if name == WEEKDAY else 0)
        for name, role in ROLES.items()
    ]
    others = [
        column_report(column.name, column.role, frame.get(column.name, column.values), column.missing)
        for column in further
    ]
    return contract + others


def blank_remark(lines: int) -> list[Remark]:
    """That so many empty lines were passed over, where there are any."""
    return [remark("empty_lines", lines=lines)] if lines else []


def weekday_remarks(*, named: bool, absent: int, wrong: int, line: int) -> list[Remark]:
    """What the weekdays of the kept rows are worth remarking on, where the file names them: see `weekday_faults`.

    `line` is the first of those that are wrong.
    """
    if not named:
        return [remark("weekday_absent")]
    return [
        *([remark("weekday_empty", rows=absent)] if absent else []),
        *([remark("weekday_contradicts", rows=wrong, line=line)] if wrong else []),
    ]


def today_remark(today: date, rows: int, line: int) -> Remark:
    """That so many rows, the first in `line`, are of days to come."""
    return remark("future_dates", today=today.isoformat(), rows=rows, line=line)


def too_little(report: Report, settings: Settings) -> RejectedUpload | None:
    """Why too few rows are left, or None where there are enough."""
    kept, share = report["rows_kept"], report["rejected_share"]
    first = "".join(
        f" The first, line {row['line']}: {row['reason']}" for row in report["rejected_examples"][:1]
    )
    if not kept:
        return refused(
            f"No row can be used. Correct the rows and upload the file again.{first}", "no_good_rows"
        )
    if share > settings.MAX_REJECTED_SHARE:
        return refused(
            f"{report['rows_rejected']} of {report['rows_in']} rows ({share:.0%}) are bad; at most "
            f"{settings.MAX_REJECTED_SHARE:.0%} may be. Correct them and upload the file again.{first}"
            f"{_one_series(report)}",
            "too_many_rejected",
        )
    if kept < MIN_ROWS:
        return refused(
            f"Only {kept} rows can be used; at least {MIN_ROWS} are needed. Upload more days of sales.",
            "too_few_rows",
            rows=kept,
            needed=MIN_ROWS,
        )
    return None


def _one_series(report: Report) -> str:
    """What to do where most bad rows repeat a date: no column was found that tells series apart."""
    if report["series"] or report["dropped"].get("duplicate_date", 0) <= report["rows_rejected"] / 2:
        return ""
    return " If the file holds several series (stores, say), one column must name the series in every row."
