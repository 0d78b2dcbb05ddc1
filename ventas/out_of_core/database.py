"""The good rows of a file in DuckDB, which asks of all of them at once.

DuckDB spills to disk what does not fit, but not so reliably that a hundred million groups fit 300 MB. So rows are
grouped in parts by a hash of what they are grouped by: a part has few enough, and no group is in two of them.
"""

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt

from ventas.out_of_core.marks import Marks

Ints = npt.NDArray[np.int64]

MEMORY = "320MB"  # DuckDB asks for 125 MB a thread at least
THREADS = 2
MOST_GROUPS = 5_000_000  # in one go


class Database:
    """Queries on Parquet files: view `rows` are all good rows, `kept` those that no later row repeats."""

    def __init__(self, folder: Path):
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "threads": THREADS,
                "temp_directory": str(folder / "duckdb"),
                "preserve_insertion_order": False,
                "enable_external_file_cache": False,
            }
        )
        self._known: dict[tuple[str, ...], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def open(self, name: str, *paths: Path) -> None:
        """Make view `name` of the rows in these files."""
        self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS FROM {_parquet(*paths)}")
        self._known = {known: count for known, count in self._known.items() if known[0] != name}

    def all(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a short answer."""
        return self._connection.execute(query, list(parameters)).fetchall()

    def one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.all(query, parameters)[0]

    def days(self, source: str = "kept") -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """Each day of the rows in order, since 1970-01-01, its count of rows, and its sales."""
        query = select("day, count(*) AS n, sum(sales) AS sold", source, "GROUP BY day ORDER BY day")
        found = self._connection.execute(query).fetchnumpy()
        days, rows = (np.asarray(found[name], dtype=np.int64) for name in ("day", "n"))
        return days, rows, np.asarray(found["sold"], dtype=np.float64)

    def distinct(self, source: str, *columns: str, where: str = "true") -> int:
        """How many different values the columns have together; missing ones are a value."""
        asked = (source, where, *columns)
        if asked not in self._known:
            self._known[asked] = sum(
                int(self.one(select("count(*)", f"({query})"))[0])
                for part in self.parts(source, columns, where)
                for query in [select(f"DISTINCT {', '.join(columns)}", source, "WHERE", part)]
            )
        return self._known[asked]

    def repeats(self, columns: Sequence[str], rows: int, *, keep: str, where: str = "true") -> Marks | None:
        """The places among all `rows` of those that repeat another in these columns; None where none does.

        Of equal ones one stays: that with the highest `rn`, or the lowest, as `keep` (`max`, `min`) says. Missing
        values are equal; `where` says which rows are looked at.
        """
        total = int(self.one(select("count(*)", "rows", "WHERE", where))[0])
        if total == self.distinct("rows", *columns, where=where):
            return None
        marks, names = Marks(rows), ", ".join(columns)
        same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in columns)
        for part in self.parts("rows", columns, where):
            groups = select(
                f"{names}, {keep}(rn) AS stays", "rows", "WHERE", part, "GROUP BY ALL HAVING count(*) > 1"
            )
            query = select("a.rn", f"rows a JOIN ({groups}) b ON {same}", "WHERE a.rn <> b.stays")
            for batch in self._connection.sql(query).to_arrow_reader(100_000):
                marks.add(batch.column(0).to_numpy())
        return marks

    def parts(
        self, source: str, columns: Sequence[str], where: str = "true", together: Sequence[str] = ()
    ) -> Iterator[str]:
        """Conditions that take the rows apart: each fits so many rows as are different in `columns`.

        None parts rows that are equal in `together`, which are `columns` where nothing is said.
        """
        groups = self.one(select(f"approx_count_distinct({_hash(columns)})", source, "WHERE", where))[0]
        parts = int(groups) // MOST_GROUPS + 1
        if parts == 1:
            yield where
            return
        key = _hash(together or columns)
        yield from (f"({where}) AND {key} % {parts} = {part}" for part in range(parts))


def _hash(columns: Sequence[str]) -> str:
    return f"hash({', '.join(columns)})"


def select(what: str, source: str, *rest: str) -> str:
    """A query. All words come from this package: columns of a file have names of ours here."""
    return " ".join(("SELECT", what, "FROM", source, *rest))


def known(columns: Sequence[str]) -> str:
    """That all of these have a value."""
    return " AND ".join(f"{name} IS NOT NULL" for name in columns)


def _parquet(*paths: Path) -> str:
    """The rows of these files. Names of folders stay names: no patterns, and no columns as in `year=2024`."""
    files = ", ".join("'" + escape(str(path)).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{files}], hive_partitioning = false)"
