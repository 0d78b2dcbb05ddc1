"""Files that are huge once they are read, written piece by piece, and what the system makes of them."""

import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from chaos.site import NotInTime, Site, wait_until
from ventas.states import FINAL_STATES, RunStatus

HEADER = b"Fecha,Promociones,Festivo,Ventas\n"
SECONDS = 300.0
# What the workers may hold beyond what they hold at rest. Measured: 1.0 GB for the line, 2.1 GB for the rows.
GROWTH_BYTES = 3_000_000_000
_MEGABYTE = b"x" * 1_000_000


@dataclass(frozen=True)
class Huge:
    """A file that a size in megabytes tells how to write."""

    name: str
    pieces: Callable[[int], Iterable[bytes]]
    compressed: bool

    def write(self, path: Path, megabytes: int) -> None:
        """Write it to `path`, in little memory."""
        packer = zlib.compressobj(wbits=31)
        with path.open("wb") as file:
            for piece in self.pieces(megabytes):
                file.write(packer.compress(piece) if self.compressed else piece)
            if self.compressed:
                file.write(packer.flush())


def _line(megabytes: int) -> Iterable[bytes]:
    yield HEADER
    for _ in range(megabytes):
        yield _MEGABYTE


def _rows(megabytes: int) -> Iterable[bytes]:
    yield HEADER
    for _ in range(megabytes):
        yield b"2024-01-01,1,0,1234\n" * 50_000


BOMB = Huge("bomb", _line, compressed=True)
LINE = Huge("line", _line, compressed=False)
ROWS = Huge("rows", _rows, compressed=False)
# At the settings' defaults: a gzip of 10 MB that grows to 10 GB, a line of 1 GB, one that is just not too large, and
# nearly as many rows as are read (4.75 million), all but one repeating a date.
FED = ((BOMB, 10_000), (LINE, 1_000), (LINE, 500), (ROWS, 95))


@dataclass(frozen=True)
class Meal:
    """What became of one huge file; `grown_bytes` is what the workers held beyond their rest at most."""

    name: str
    megabytes: int
    status: str
    reason: str
    grown_bytes: int

    @property
    def problems(self) -> list[str]:
        """What is not as promised, in words."""
        name = f"{self.name} of {self.megabytes} MB"
        found = {
            f"{name}: ended as {self.status}, {self.reason}": self.status != RunStatus.REJECTED,
            f"{name}: the worker grew by {self.grown_bytes:,} bytes": self.grown_bytes > GROWTH_BYTES,
        }
        return [words for words, wrong in found.items() if wrong]


def feed(site: Site, huge: Huge, megabytes: int) -> Meal:
    """Upload a huge file, wait for its run's end, and watch the workers' memory meanwhile."""
    key = f"huge/{huge.name}_{megabytes}/ventas.csv"
    with tempfile.TemporaryDirectory(dir=site.system.home) as folder:
        path = Path(folder) / "ventas.csv"
        huge.write(path, megabytes)
        with _Memory(site.system.pid("worker")) as memory:
            status, reason = _outcome(site, key, site.put_file(key, path))
    return Meal(huge.name, megabytes, status, reason, memory.grown)


def _outcome(site: Site, key: str, version_id: str) -> tuple[str, str]:
    def look() -> tuple[str, str] | None:
        runs = [run for run in site.runs_of(key, version_id) if run.status in FINAL_STATES]
        return (runs[0].status, runs[0].reason or "") if runs else None

    try:
        return wait_until(look, "the run of a huge file", SECONDS)
    except NotInTime as error:
        return "not finished", str(error)


class _Memory:
    """The most memory that a process and its children hold while the block runs."""

    def __init__(self, pid: int | None):
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._rest = self._most = self._held()
        self._thread = threading.Thread(target=self._watch)

    @property
    def grown(self) -> int:
        """Bytes beyond what was held at the start."""
        return self._most - self._rest

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._most = max(self._most, self._held())

    def _held(self) -> int:
        return sum(one.memory_info().rss for one in [self._process, *self._process.children()])
