"""What is under way, told where no terminal shows a moving line."""

import time
from collections.abc import Callable

from ventas.launcher.go_tool import is_passing

PROGRESS_SECONDS = 15.0


class Telling:
    """Says all news at once; of the lines that only say how far it is, one in PROGRESS_SECONDS."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self._say, self._clock = say, clock
        self._told = clock()

    def __call__(self, line: str) -> None:
        """Take one line."""
        if not is_passing(line) or self._clock() - self._told > PROGRESS_SECONDS:
            self._told = self._clock()
            self._say(line)
