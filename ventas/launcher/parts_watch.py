"""Parts of a running system that end and come back, as `ventas up` tells them."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import psutil

from ventas.launcher.places import log_file
from ventas.launcher.readiness import restarts, state_of


class PartsWatch:
    """Compares the supervisors' state files from one look to the next.

    A process that a state file names and that does not run is away, too: the file may be older, for a supervisor
    whose disk is full cannot write it.
    """

    def __init__(self, home: Path, names: Sequence[str]):
        self._home = home
        self._away: set[str] = set()
        self._restarts = {name: restarts(home, name) for name in names}

    def changes(self) -> list[str]:
        """A line for each part that went away or came back since the last look."""
        return [line for name in self._restarts for line in self._change(name)]

    def _change(self, name: str) -> list[str]:
        runs, count = _runs(self._home, name), restarts(self._home, name)
        was_away, restarted = name in self._away, count > self._restarts[name]
        self._restarts[name] = max(count, self._restarts[name])
        if not runs:
            self._away.add(name)
            log = log_file(self._home, name)
            return [] if was_away else [f"{name} is away; its supervisor starts it again. See {log}"]
        self._away.discard(name)
        return [f"{name} is back"] if was_away else [f"{name} ended and is back"] if restarted else []


def _runs(home: Path, name: str) -> bool:
    """Whether the process that the supervisor of `name` started runs."""
    child = state_of(home, name).get("child_pid")
    if not isinstance(child, int):
        return False
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(child).status() != psutil.STATUS_ZOMBIE)
    return False
