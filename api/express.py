"""`POST /predict` on the event loop: the plain questions, without Flask and without a thread.

What it cannot answer at once, and whatever is at fault, is left to the route, which says what is wrong; so both
answer alike. The questions of one turn of the loop are answered together, and their rows committed together.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from werkzeug.exceptions import HTTPException

from api.answers import as_json
from api.body import object_of
from api.holder import Champion
from api.inputs import Question
from api.predictions import answer_of, rows_of
from api.recorder import GroupRecorder
from api.services import Services
from ventas.errors import VentasError
from ventas.front import Headers
from ventas.ledger.predictions import NewPrediction

PATHS = ("/predict", "/predict/")


@dataclass
class _Asked:
    """A question, and in time its row and the id of that."""

    champion: Champion
    question: Question
    recorded: "asyncio.Future[int | None]"
    row: NewPrediction | None = None


class Express:
    """A lane of `ventas.front` for one process."""

    def __init__(self, services: Services):
        self._services = services
        self._recorder = GroupRecorder(services.history)
        self._most = services.settings.MAX_REQUEST_BYTES
        self._turn: list[_Asked] = []

    def close(self) -> None:
        """Stop recording."""
        self._recorder.close()

    async def __call__(self, data: bytes, _headers: Headers) -> bytes | None:
        """The answer as JSON, its row recorded; None where the route is to answer."""
        services = self._services
        if len(data) > self._most:
            return None
        try:
            body = object_of(data)
            champion = services.holder.champion()
            if champion.compiled is None:
                return None  # it takes so long that other requests would wait
            question = champion.form.read(body, services.today())
            asked = self._ask(champion, question)
            prediction_id = await asked.recorded
        except (VentasError, HTTPException, UnicodeError):
            return None
        row = cast(NewPrediction, asked.row)
        services.shadow.offer(question, row)
        return as_json(answer_of(champion, question, row, prediction_id))

    def _ask(self, champion: Champion, question: Question) -> _Asked:
        loop = asyncio.get_running_loop()
        asked = _Asked(champion, question, loop.create_future())
        if not self._turn:
            loop.call_soon(self._answer_turn)  # after the requests that are here already
        self._turn.append(asked)
        return asked

    def _answer_turn(self) -> None:
        turn, self._turn = self._turn, []
        for _, asked in groupby(turn, key=lambda one: id(one.champion)):
            self._answer(list(asked))

    def _answer(self, asked: Sequence[_Asked]) -> None:
        """Answer the questions to one champion."""
        try:
            rows = rows_of(asked[0].champion, [one.question for one in asked])
        except Exception as error:  # noqa: BLE001 - one of them is at fault, and only that one is to hear of it
            if len(asked) > 1:
                for one in asked:
                    self._answer([one])
                return
            with suppress(asyncio.InvalidStateError):
                asked[0].recorded.set_exception(error)
            return
        for one, row in zip(asked, rows, strict=True):
            one.row = row
        self._recorder.record_turn([(row, one.recorded) for row, one in zip(rows, asked, strict=True)])
