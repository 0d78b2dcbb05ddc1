"""The shadow beside the champion: asked the same questions after the answer has left, and never waited for.

Whatever goes wrong with it ends here: a request only puts its question into a queue of bounded length, and where
that is full the question is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from queue import Empty, Full, Queue
from threading import Lock

import numpy as np
import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.background import Loop
from api.inputs import Question
from api.parts import Parts
from api.ports import ShadowModels
from ventas.contract import HOLIDAY, PROMOTION
from ventas.errors import LedgerUnavailable, ModelUnusable, RegistryUnavailable
from ventas.ledger import Ledger
from ventas.ledger.predictions import NewPrediction
from ventas.ledger.shadows import NewShadowPrediction
from ventas.served import ServedModel

SHADOW = "shadow"
LONGEST_QUEUE = 1000
AT_ONCE = 100  # questions in one transaction
SCORE_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Asked:
    """A question that the champion has answered, and the answer."""

    question: Question
    answer: NewPrediction


class Shadow:
    """Follows which version is the shadow, and lets it answer what is offered; `loops` do both."""

    def __init__(self, source: ShadowModels, ledger: Ledger, parts: Parts, poll_seconds: float):
        self._source = source
        self._ledger = ledger
        self._parts = parts
        self._model: ServedModel | None = None
        self._unfit: int | None = None
        self._queue: Queue[Asked] = Queue(LONGEST_QUEUE)
        self._left_out = 0
        self._lock = Lock()
        self._score = Loop("shadow-score", self.score, SCORE_SECONDS)
        self.loops = (Loop("shadow-poll", self.look, poll_seconds), self._score)

    @property
    def version(self) -> int | None:
        """The version that is asked, or None."""
        model = self._model
        return model.version if model else None

    def offer(self, question: Question, answer: NewPrediction) -> None:
        """Let the shadow answer the same, some time; only where the day was named, for no other can come true."""
        if self._model is None or answer.date is None or answer.date_assumed:
            return
        try:
            self._queue.put_nowait(Asked(question, answer))
        except Full:
            self._leave_out(1, "it answers more slowly than it is asked")
        self._score.wake()

    def look(self) -> None:
        """Ask once which version is the shadow, and load it if it is another one."""
        try:
            version = self._source.current_version()
        except LedgerUnavailable:
            return  # the champion's poll meets the same and reports it
        if version is None:
            self._model, self._unfit = None, None
            self._parts.back(SHADOW)
        elif version != self._unfit and (self._model is None or self._model.version != version):
            self._load(version)

    def score(self) -> None:
        """Let the shadow answer all that waits, and keep its answers."""
        while asked := list(islice(self._waiting(), AT_ONCE)):
            if (model := self._model) is None:
                continue
            try:
                rows = [_answered(model, one) for one in asked]
            except Exception as error:  # a model can fail in any way, and then is not asked again
                log.exception("shadow_failed", version=model.version)
                self._forget(model.version, f"it fails when it is asked: {error!r}")
                continue
            self._keep(rows)

    def _waiting(self) -> Iterator[Asked]:
        try:
            while True:
                yield self._queue.get_nowait()
        except Empty:
            return

    def _load(self, version: int) -> None:
        self._model = None
        try:
            model = self._source.fetch(version)
        except RegistryUnavailable as error:
            self._parts.away(SHADOW, f"Version {version} is the shadow, but cannot be fetched: {error}")
        except ModelUnusable as error:
            self._forget(version, str(error))
        else:
            self._model = model
            self._parts.back(SHADOW)
            log.info("shadow_loaded", version=version)

    def _forget(self, version: int, reason: str) -> None:
        self._model, self._unfit = None, version
        self._parts.away(SHADOW, f"Version {version} is no longer the shadow: {reason}")

    def _keep(self, rows: list[NewShadowPrediction]) -> None:
        try:
            self._ledger.shadows.add(rows)
        except (LedgerUnavailable, SQLAlchemyError) as error:
            self._leave_out(len(rows), f"the database takes no writes: {error}")
        else:
            self._parts.back(SHADOW)

    def _leave_out(self, count: int, reason: str) -> None:
        with self._lock:
            self._left_out += count
            total = self._left_out
        self._parts.away(SHADOW, f"{total} questions to the shadow were left out so far, for {reason}.")


def _answered(model: ServedModel, asked: Asked) -> NewShadowPrediction:
    frame = asked.question.frame()
    forecast, row = model.forecast(frame), frame.iloc[0]
    if not np.isfinite(forecast.values).all():
        raise ModelUnusable(f"It answered {forecast.values.tolist()}.")
    assert asked.answer.date is not None  # others are not offered
    return NewShadowPrediction(
        created_at=asked.answer.created_at,
        model_version=model.version,
        date=asked.answer.date,
        series=asked.answer.series,
        promotion=int(row[PROMOTION]),
        holiday=int(row[HOLIDAY]),
        prediction=float(forecast.values[0]),
        low=None if forecast.low is None else float(forecast.low[0]),
        high=None if forecast.high is None else float(forecast.high[0]),
    )
