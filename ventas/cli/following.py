"""Following one upload through the API: snapshots of its run, and two ways of showing them."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from ventas.api_client import ApiClient, Json
from ventas.cli.output import plain
from ventas.cli.stages import Stage, is_final, stages
from ventas.errors import ApiUnavailable
from ventas.store import NO_VERSION, Uploaded

POLL_SECONDS = 0.5
API_GAP_SECONDS = 15.0  # an API that restarts while we follow is waited for


class Follower:
    """Snapshots of the run of one upload."""

    def __init__(self, api: ApiClient, key: str, uploaded: Uploaded):
        self._api = api
        self._key = key
        self._uploaded = uploaded
        self._answered_at: float | None = None

    def snapshots(self, timeout: float, seen_within: float) -> Iterator[Json | None]:
        """The run every half second until it has ended, None while there is none.

        Ends after `timeout` seconds, or after `seen_within` seconds without any run: the last snapshot tells.
        Raises ApiUnavailable where the API does not answer at first, or for 15 s on end later.
        """
        start = time.monotonic()
        run: Json | None = None
        while True:
            run = self._look(run)
            yield run
            waited = time.monotonic() - start
            if is_final(run) or waited >= (min(seen_within, timeout) if run is None else timeout):
                return
            time.sleep(POLL_SECONDS)

    def _look(self, known: Json | None) -> Json | None:
        try:
            run = self._api.run(known["id"]) if known else self._find()
        except ApiUnavailable:
            if self._answered_at is None or time.monotonic() - self._answered_at > API_GAP_SECONDS:
                raise
            return known
        self._answered_at = time.monotonic()
        return run

    def _find(self) -> Json | None:
        wanted = self._uploaded
        for run in self._api.runs(key=self._key, version_id=wanted.version_id):
            if wanted.version_id != NO_VERSION or run["etag"].strip('"') == wanted.etag:
                return self._api.run(run["id"])
        return None


class View(Protocol):
    """Shows an upload and then the stages of its run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def sent(self, done: int, size: int) -> None:
        """`done` of `size` bytes are sent."""

    def show(self, run: Json | None) -> None:
        """The run as it stands."""


class SilentView:
    """Shows nothing: for scripts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def sent(self, done: int, size: int) -> None:
        """Nothing to see."""

    def show(self, run: Json | None) -> None:
        """Nothing to see."""


class LineView(SilentView):
    """One line per change, for logs and pipes."""

    def __init__(self, console: Console):
        self._console = console
        self._printed: dict[str, tuple[str, str]] = {}

    def sent(self, done: int, size: int) -> None:
        """One line when all is sent."""
        if done == size:
            self._console.print(plain(f"uploaded  {size:,} bytes"))

    def show(self, run: Json | None) -> None:
        """The stages that changed since the last snapshot; the candidates count as no change."""
        for stage in stages(run):
            change = (stage.state, "" if stage.total and stage.state == "working" else stage.note)
            if self._printed.get(stage.name) != change:
                self._printed[stage.name] = change
                state = "" if stage.state == "working" else f"{stage.state}  "
                self._console.print(plain(f"{stage.name:<9} {state}{stage.note}{_took(stage)}".rstrip()))


class LiveView:
    """A bar for the upload and one for every stage, redrawn in place."""

    def __init__(self, console: Console):
        self._progress = Progress(
            _MarkColumn(),
            TextColumn("{task.description:<9}", markup=False),
            BarColumn(bar_width=24),
            _TimeColumn(Column(no_wrap=True)),
            _NoteColumn(Column(no_wrap=True, overflow="ellipsis")),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._ended: set[str] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def sent(self, done: int, size: int) -> None:
        """Move the upload's bar."""
        note = f"{done:,} of {size:,} bytes"
        self._draw(Stage("upload", "done" if done == size else "working", note, done, size or None))

    def show(self, run: Json | None) -> None:
        """Move the bars of all stages that were reached."""
        for stage in stages(run):
            self._draw(stage)

    def _draw(self, stage: Stage) -> None:
        if stage.name not in self._tasks:
            self._tasks[stage.name] = self._progress.add_task(stage.name, total=None, stage=stage)
        task = self._tasks[stage.name]
        if stage.state == "done":
            self._progress.update(task, completed=1, total=1, stage=stage)
        else:
            total = stage.total if stage.state == "working" else stage.total or 1  # no total: a moving bar
            self._progress.update(task, completed=stage.done, total=total, stage=stage)
        if stage.state != "working" and stage.name not in self._ended:
            self._ended.add(stage.name)
            self._progress.stop_task(task)


class _MarkColumn(SpinnerColumn):
    def render(self, task: Task) -> Any:
        marks = {"done": Text("✓", "green"), "stopped": Text("✗", "red")}
        return marks.get(task.fields["stage"].state) or super().render(task)


class _TimeColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        known = task.fields["stage"].seconds
        seconds = known if known is not None else task.elapsed or 0.0
        return Text(f"{seconds:6.1f} s", "dim")


class _NoteColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return plain(task.fields["stage"].note)


def _took(stage: Stage) -> str:
    return "" if stage.seconds is None else f"  {stage.seconds:.1f} s"
