"""Answers of a regressor, kept by what it was told: to the same numbers it says the same as long as it lives."""

import struct
from collections.abc import Sequence

from ventas.compiled.rows import Row
from ventas.compiled.steps import Found

MOST_KEPT = 8192  # some 3 MB of a wide matrix


class Kept:
    """`asked` with a memory of its answers; safe to use from several threads.

    Days that are asked about are mostly the next ones, and but for the day there is little that may differ: so a
    question's features come again though the question does not. `first` and `width` say where they stand in a row.
    Nothing needs to be forgotten when the champion changes, as this is a part of one compiled version.
    """

    def __init__(self, asked: Found, first: int, width: int):
        self.asked = asked
        self._features = slice(first, first + width)
        # Bytes and not the numbers themselves: no two NaN are equal.
        self._pack = struct.Struct(f"{width}d").pack
        self._known: dict[bytes, float] = {}

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The regressor's answer to each row of the matrix."""
        known = self._known
        keys = [self._pack(*row[self._features]) for row in rows]
        found = [known.get(key) for key in keys]
        new = [at for at, answer in enumerate(found) if answer is None]
        if new:
            if len(known) + len(new) > MOST_KEPT:
                known = self._known = {}
            for at, answer in zip(new, self.asked([rows[at] for at in new]), strict=True):
                found[at] = known[keys[at]] = answer
        return [answer for answer in found if answer is not None]
