"""The good rows of a file in DuckDB, which asks of all of them at once and spills to disk what does not fit."""

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ventas.out_of_core.columns import Column

Ints = npt.NDArray[np.int64]

MEMORY = "320MB"  # DuckDB asks for 125 MB a thread at least
THREADS = 2
_OWN = ("day", "promotion", "holiday", "sales")


class Database:
    """Queries on the Parquet file `path`: `rows` are all good rows, `kept` those that no later row repeats."""

    def __init__(self, folder: Path):
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "threads": THREADS,
                "temp_directory": str(folder / "duckdb"),
                "preserve_insertion_order": False,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def open(self, path: Path) -> None:
        """Take the rows from here; `kept` are all of them until `drop`."""
        self._connection.execute(f"CREATE OR REPLACE VIEW rows AS FROM {_parquet(path)}")
        self._connection.execute("CREATE OR REPLACE VIEW kept AS FROM rows")

    def open_rejected(self, *paths: Path) -> None:
        """Take the bad rows, view `rejected`, from these files."""
        self._connection.execute(f"CREATE OR REPLACE VIEW rejected AS FROM {_parquet(*paths)}")

    def all(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a short answer."""
        return self._connection.execute(query, list(parameters)).fetchall()

    def one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.all(query, parameters)[0]

    def count(self, query: str) -> int:
        """The number of rows of an answer of any length."""
        return int(self.one(select("count(*)", f"({query})"))[0])

    def batches(self, query: str, rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        """An answer of any length, piece by piece."""
        yield from self._connection.sql(query).to_arrow_reader(rows)

    def days(self, source: str = "kept") -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """Each day of the rows in order, since 1970-01-01, its count of rows, and its sales."""
        query = select("day, count(*) AS n, sum(sales) AS sold", source, "GROUP BY day ORDER BY day")
        found = self._connection.execute(query).fetchnumpy()
        days, rows = (np.asarray(found[name], dtype=np.int64) for name in ("day", "n"))
        return days, rows, np.asarray(found["sold"], dtype=np.float64)

    def mark_repeated(self, columns: Sequence[str]) -> int:
        """Let rows go that a later one repeats in `columns`, and count them; without a value in one a row stays."""
        return self._mark(columns, "=", f"WHERE {known(columns)}")

    def mark_equal(self, further: Sequence[Column]) -> int:
        """The same for rows that are equal in all columns, missing values too."""
        return self._mark([*_OWN, *(one.sql for one in further)], "IS NOT DISTINCT FROM")

    def keep_first_of_equal(self, further: Sequence[Column]) -> bool:
        """Make view `once`: the first of rows that are equal in all columns; whether there are any that are not."""
        columns = ", ".join([*_OWN, *(one.sql for one in further)])
        self._connection.execute(
            "CREATE OR REPLACE TABLE firsts AS " + select("min(rn) AS rn", "rows", "GROUP BY", columns)
        )
        self._connection.execute("CREATE OR REPLACE VIEW once AS FROM rows SEMI JOIN firsts USING (rn)")
        return self.count("FROM firsts") < self.count("FROM rows")

    def repeated(self, rows: int) -> npt.NDArray[np.uint8] | None:
        """The rows that were let go as one bit for each of all, None where there are none."""
        bits = np.zeros(rows // 8 + 1, dtype=np.uint8)
        found = False
        for batch in self.batches("SELECT rn FROM again"):
            places = batch.column(0).to_numpy()
            np.bitwise_or.at(bits, places >> 3, np.left_shift(1, places & 7).astype(np.uint8))
            found = True
        return bits if found else None

    def _mark(self, columns: Sequence[str], equals: str, *where: str) -> int:
        names = ", ".join(columns)
        groups = select(f"{names}, max(rn) AS last", "rows", *where, "GROUP BY ALL HAVING count(*) > 1")
        same = " AND ".join(f"a.{name} {equals} b.{name}" for name in columns)
        again = select("a.rn", f"rows a JOIN ({groups}) b ON {same}", "WHERE a.rn < b.last")
        self._connection.execute(f"CREATE OR REPLACE TABLE again AS {again}")
        self._connection.execute("CREATE OR REPLACE VIEW kept AS FROM rows ANTI JOIN again USING (rn)")
        return self.count("FROM again")

    def none_repeated(self) -> None:
        """Say that no row repeats another."""
        self._connection.execute("CREATE OR REPLACE TABLE again (rn BIGINT)")


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
