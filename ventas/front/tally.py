"""What a web service counts of itself: plain numbers in its process, for a scrape of metrics to add up.

The library's own way for several processes writes into mapped files: 8 to 12 µs for each request, and a process that
touches such a file on a full disk is killed (SIGBUS). Here a request costs a look-up and two additions, under 3 µs.
"""

import json
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import psutil
import structlog

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OTHER = "other"  # what a client may name at will is none of our labels
Request = tuple[str, str, int]  # method, route, status

log = structlog.get_logger()


@dataclass
class Counts:
    """Requests as one count for each of BOUNDS, one for what took longer, and their seconds; other events by name."""

    requests: dict[Request, list[float]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Take in what another process has counted."""
        self.events.update(other.events)
        for request, more in other.requests.items():
            known = self.requests.get(request, [0.0] * len(more))
            self.requests[request] = [a + b for a, b in zip(known, more, strict=True)]

    def as_json(self) -> str:
        """One line of text."""
        return json.dumps({"events": self.events, "requests": [*self.requests.items()]})

    @classmethod
    def of_json(cls, text: str) -> "Counts":
        """Raises ValueError where the text is no such thing."""
        try:
            told: dict[str, Any] = json.loads(text)
            requests = {(str(m), str(r), int(s)): [*map(float, row)] for (m, r, s), row in told["requests"]}
            if any(len(row) != len(BOUNDS) + 2 for row in requests.values()):
                raise ValueError("written by another release")
            return cls(requests, Counter(told["events"]))
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


class Tally:
    """Counts of one process."""

    def __init__(self, events: Iterable[str] = ()):
        self._counts = Counts(events=Counter(dict.fromkeys(events, 0)))
        self._lock = Lock()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request that took so long; for one thread at a time."""
        key = (method if method in METHODS else OTHER, route, status)
        row = self._counts.requests.get(key)
        if row is None:
            row = self._counts.requests[key] = [0.0] * (len(BOUNDS) + 2)
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds

    def count(self, event: str, times: int = 1) -> None:
        """Count what happened; from any thread."""
        with self._lock:
            self._counts.events[event] += times

    def counts(self) -> Counts:
        """A copy of what has been counted."""
        # Copying a dictionary is one step of the interpreter, so no request can come in between.
        requests = {key: [*row] for key, row in self._counts.requests.copy().items()}
        with self._lock:
            return Counts(requests, Counter(self._counts.events))


class SharedTally(Tally):
    """Counts that the processes of one service tell each other of, by a file for each in `folder`.

    The processes are children of one: their files are named after it, and those of an earlier start are removed.
    A child that died and was replaced leaves its file, so that no count ever falls while the service runs.
    """

    def __init__(self, folder: Path, events: Sequence[str] = ()):
        super().__init__(events)
        self._folder = folder
        self._written = ""
        self._failing = False
        self._start = _start()
        self._file = folder / f"{self._start}-{os.getpid()}.json"

    def clear(self) -> None:
        """Remove what an earlier start has left."""
        for path in self._folder.glob("*.json"):
            if not path.name.startswith(f"{self._start}-"):
                path.unlink(missing_ok=True)

    def share(self) -> None:
        """Tell the others what has been counted up to now; without a disk to write on only the log hears of it."""
        text = self.counts().as_json()
        if text == self._written:
            return
        draft = self._file.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            if not self._failing:
                log.warning("counts_not_shared", reason=str(error))
            self._failing = True
        else:
            self._written, self._failing = text, False

    def all_counts(self) -> Counts:
        """What all processes have counted: of this one as it is, of the others as they told last."""
        counts = self.counts()
        for path in self._folder.glob(f"{self._start}-*.json"):
            if path == self._file:
                continue
            try:
                counts.add(Counts.of_json(path.read_text(encoding="utf-8")))
            except (OSError, ValueError) as error:
                log.warning("counts_unreadable", file=path.name, reason=str(error))
        return counts


def _start() -> str:
    """What this start of the service is called; in containers each start has the same process ids."""
    parent = os.getppid()
    return f"{parent}.{psutil.Process(parent).create_time():.2f}"
