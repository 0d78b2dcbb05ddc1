"""`POST /predict` on the event loop: the plain questions, without Flask and without a thread.

What it cannot answer at once, and whatever is at fault, is left to the route, which says what is wrong; so both
answer alike.
"""

from werkzeug.exceptions import HTTPException

from api.answers import as_json
from api.body import object_of
from api.predictions import answer_of, row_of
from api.recorder import GroupRecorder
from api.services import Services
from ventas.errors import VentasError
from ventas.front import Headers

PATHS = ("/predict", "/predict/")


class Express:
    """A lane of `ventas.front` for one process."""

    def __init__(self, services: Services):
        self._services = services
        self._recorder = GroupRecorder(services.history)
        self._most = services.settings.MAX_REQUEST_BYTES

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
            row = row_of(champion, question)
        except (VentasError, HTTPException, UnicodeError):
            return None
        prediction_id = await self._recorder.record(row)
        services.shadow.offer(question, row)
        return as_json(answer_of(row, prediction_id, champion.known(question)))
