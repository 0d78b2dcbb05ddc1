"""The catalogue behind a fence: an MLflow that hangs may hold few of the threads that answer predictions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore

from api.parts import Parts
from api.ports import ModelCatalogue
from ventas.errors import RegistryUnavailable
from ventas.registry import ModelVersion

AT_ONCE = 2  # of the four threads of a process
WAIT_SECONDS = 0.5


class FencedCatalogue:
    """A catalogue that answers RegistryUnavailable at once while MLflow is known to be away, or too busy.

    Parameters
    ----------
    part: the name of the registry among `parts`; something in the background marks it as back.
    """

    def __init__(self, catalogue: ModelCatalogue, parts: Parts, part: str):
        self._catalogue = catalogue
        self._parts = parts
        self._part = part
        self._free = BoundedSemaphore(AT_ONCE)

    def versions(self) -> Sequence[ModelVersion]:
        """All versions, newest first. Raises RegistryUnavailable."""
        with self._fenced():
            return self._catalogue.versions()

    def version(self, number: int) -> ModelVersion:
        """One version. Raises NotFound and RegistryUnavailable."""
        with self._fenced():
            return self._catalogue.version(number)

    def text(self, version: ModelVersion, artifact: str) -> str:
        """One text file of a version. Raises NotFound and RegistryUnavailable."""
        with self._fenced():
            return self._catalogue.text(version, artifact)

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        if reason := self._parts.away_because(self._part):
            raise RegistryUnavailable(reason)
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise RegistryUnavailable("MLflow has not answered earlier questions yet.")
        try:
            yield
        except RegistryUnavailable as error:
            self._parts.away(self._part, str(error))
            raise
        finally:
            self._free.release()
