"""What `ventas.series` finds, asked of rows on disk: the columns that tell series apart, and the rows repeated."""

from collections.abc import Sequence
from itertools import combinations

from ventas.out_of_core.columns import Column
from ventas.out_of_core.database import Database, known, select
from ventas.series import (
    FEW_ROWS,
    MOST_EMPTY,
    MOST_PAIRED,
    allowed_repeats,
    may_hold_series,
    most_values,
)


def find_keys(database: Database, further: Sequence[Column]) -> tuple[Column, ...]:
    """The column that tells the series apart, or two that do so only together; none for one series."""
    days, rows, _ = database.days("rows")
    total = int(rows.sum())
    repeats = total - len(days)
    if not may_hold_series(total, repeats):
        return ()
    allowed = allowed_repeats(total, repeats)
    found = (
        _fewest_values(database, "rows", further, allowed, FEW_ROWS)
        or _fewest_of_once(database, further, allowed)
        or _fewest_values(database, "rows", further, allowed, MOST_EMPTY)
    )
    return (found,) if found else _find_pair(database, further, allowed, most_values(int(rows.max())))


def drop_repeated(database: Database, further: Sequence[Column], keys: Sequence[Column]) -> int:
    """Let the rows go that a later row repeats, as `ventas.series.duplicates` says; how many these are."""
    if keys:
        return database.mark_repeated(["day", *(key.sql for key in keys)])
    if not database.count("SELECT day FROM rows GROUP BY day HAVING count(*) > 1"):
        database.none_repeated()
        return 0
    if any(column.role in ("categorical", "id") for column in further):
        return database.mark_equal(further)
    return database.mark_repeated(["day"])


def _fewest_of_once(database: Database, further: Sequence[Column], allowed: float) -> Column | None:
    """Rows that were pasted twice prove nothing."""
    if not database.keep_first_of_equal([column for column in further if column.role != "left_out"]):
        return None
    return _fewest_values(database, "once", further, allowed, FEW_ROWS)


def _fewest_values(
    database: Database, source: str, further: Sequence[Column], allowed: float, empty: float
) -> Column | None:
    """The column with the fewest values of those within which at most `allowed` rows repeat a date."""
    _, rows, _ = database.days(source)
    total, most = int(rows.sum()), most_values(int(rows.max()))
    found = None
    for column in further:
        filled = database.one(select(f"count({column.sql})", source))[0]
        if total - filled > empty * total or not _may_be_id(database, source, column):
            continue
        kinds = _kinds(database, source, column.sql)
        if not 1 < kinds <= most:
            continue
        if filled - _kinds(database, source, "day", column.sql) <= allowed:
            found, most = column, kinds - 1
    return found


def _kinds(database: Database, source: str, *columns: str) -> int:
    """How many different values the columns have together, in rows that have all of them."""
    return database.count(select(f"DISTINCT {', '.join(columns)}", source, "WHERE", known(columns)))


def _find_pair(
    database: Database, further: Sequence[Column], allowed: float, most: int
) -> tuple[Column, ...]:
    """The two columns with the fewest values together within which at most `allowed` rows repeat a date."""
    tried = [column for column in further if _may_be_half(database, column, most)][:MOST_PAIRED]
    total = database.count("FROM rows")
    found: tuple[Column, ...] = ()
    for pair in combinations(tried, 2):
        names = [column.sql for column in pair]
        kinds = _kinds(database, "rows", *names)
        if kinds <= most and total - _kinds(database, "rows", "day", *names) <= allowed:
            found, most = pair, kinds - 1
    return found


def _may_be_half(database: Database, column: Column, most: int) -> bool:
    if column.missing or not _may_be_id(database, "rows", column):
        return False
    if not 1 < _kinds(database, "rows", column.sql) <= most:
        return False
    if column.role != "numeric":
        return True
    return not database.one(select(f"bool_and({column.sql} IN (0, 1))", "rows"))[0]


def _may_be_id(database: Database, source: str, column: Column) -> bool:
    if column.role != "numeric":
        return True
    return bool(database.one(select(f"coalesce(bool_and({column.sql} % 1 = 0), true)", source))[0])
