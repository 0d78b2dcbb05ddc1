"""What `ventas.series` finds, asked of rows on disk: the columns that tell series apart, and the rows repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from ventas.out_of_core.columns import Column
from ventas.out_of_core.database import Database, known, select
from ventas.out_of_core.marks import Marks
from ventas.series import (
    FEW_ROWS,
    MOST_EMPTY,
    MOST_PAIRED,
    allowed_repeats,
    may_hold_series,
    most_values,
)

_MAY_BE_ID = "coalesce(bool_and({} % 1 = 0), true)"
_ROUGHLY = 2  # DuckDB's quick count of values is wrong by a tenth at most
_OWN = ("day", "promotion", "holiday", "sales")


@dataclass(frozen=True)
class Keys:
    """Finds keys and repeated rows. `rows` are all good rows; `once(marks)` makes view `once` without these."""

    database: Database
    further: Sequence[Column]
    rows: int
    once: Callable[[Marks], object]

    def find(self) -> tuple[Column, ...]:
        """The column that tells the series apart, or two that do so only together; none for one series."""
        days, rows, _ = self.database.days("rows")
        repeats = self.rows - len(days)
        if not may_hold_series(self.rows, repeats):
            return ()
        allowed = allowed_repeats(self.rows, repeats)
        found = (
            self._fewest_values("rows", allowed, FEW_ROWS)
            or self._fewest_of_once(allowed)
            or self._fewest_values("rows", allowed, MOST_EMPTY)
        )
        return (found,) if found else self._find_pair(allowed, most_values(int(rows.max())))

    def repeated(self, keys: Sequence[Column]) -> Marks | None:
        """The rows that a later row repeats, as `ventas.series.duplicates` says."""
        if keys:
            names = [key.sql for key in keys]
            return self.database.repeats(["day", *names], self.rows, keep="max", where=known(names))
        if self.rows == len(self.database.days("rows")[0]):
            return None
        texts = any(column.role in ("categorical", "id") for column in self.further)
        columns = [*_OWN, *(one.sql for one in self.further)] if texts else ["day"]
        return self.database.repeats(columns, self.rows, keep="max")

    def _fewest_of_once(self, allowed: float) -> Column | None:
        """Rows that were pasted twice prove nothing."""
        used = [column.sql for column in self.further if column.role != "left_out"]
        again = self.database.repeats([*_OWN, *used], self.rows, keep="min")
        if again is None:
            return None
        self.once(again)
        return self._fewest_values("once", allowed, FEW_ROWS)

    def _fewest_values(self, source: str, allowed: float, empty: float) -> Column | None:
        """The column with the fewest values of those within which at most `allowed` rows repeat a date."""
        _, rows, _ = self.database.days(source)
        total, most = int(rows.sum()), most_values(int(rows.max()))
        found = None
        for column, (filled, whole, rough) in zip(self.further, self._looks(source), strict=True):
            if total - filled > empty * total or not whole or rough > _ROUGHLY * most:
                continue
            kinds = self._kinds(source, column.sql)
            if not 1 < kinds <= most:
                continue
            if filled - self._kinds(source, "day", column.sql) <= allowed:
                found, most = column, kinds - 1
        return found

    def _looks(self, source: str) -> list[tuple[int, bool, int]]:
        """Of each column: its rows with a value, whether it may be an id, and about how many values it has."""
        if not self.further:
            return []
        asked = (
            f"count({one.sql}), {_MAY_BE_ID.format(one.sql) if one.role == 'numeric' else 'true'}, "
            f"approx_count_distinct({one.sql})"
            for one in self.further
        )
        found = self.database.one(select(", ".join(asked), source))
        return list(zip(found[::3], found[1::3], found[2::3], strict=True))

    def _kinds(self, source: str, *columns: str) -> int:
        """How many different values the columns have together, in rows that have all of them."""
        return self.database.distinct(
            source, *columns, where=known([name for name in columns if name != "day"])
        )

    def _find_pair(self, allowed: float, most: int) -> tuple[Column, ...]:
        """The two columns with the fewest values together within which at most `allowed` rows repeat a date."""
        looks = zip(self.further, self._looks("rows"), strict=True)
        whole = (column for column, (_, may_be_id, _) in looks if may_be_id and not column.missing)
        tried = list(islice((column for column in whole if self._may_be_half(column, most)), MOST_PAIRED))
        found: tuple[Column, ...] = ()
        for pair in combinations(tried, 2):
            names = [column.sql for column in pair]
            kinds = self._kinds("rows", *names)
            if kinds <= most and self.rows - self._kinds("rows", "day", *names) <= allowed:
                found, most = pair, kinds - 1
        return found

    def _may_be_half(self, column: Column, most: int) -> bool:
        if not 1 < self._kinds("rows", column.sql) <= most:
            return False
        if column.role != "numeric":
            return True
        return not self.database.one(select(f"bool_and({column.sql} IN (0, 1))", "rows"))[0]
