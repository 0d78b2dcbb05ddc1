"""How the parts are that the API leans on: one sentence each, logged once per outage, shown by `/health`."""

from threading import Lock

import structlog

log = structlog.get_logger()

OK = "ok"
UNKNOWN = "not asked yet"
LONGEST_SENTENCE = 300  # libraries write whole paragraphs; the log has them in full


class Parts:
    """Remembers for each part "ok", or a sentence saying what is wrong; safe to use from several threads."""

    def __init__(self, *names: str):
        self._lock = Lock()
        self._state = dict.fromkeys(names, UNKNOWN)

    def away(self, part: str, sentence: str) -> None:
        """Note that `part` does not do its work; logged where it did before."""
        with self._lock:
            before, self._state[part] = self._state[part], sentence[:LONGEST_SENTENCE]
        if before in (OK, UNKNOWN):
            log.warning("part_away", part=part, reason=sentence)

    def back(self, part: str) -> None:
        """Note that `part` works; logged where it did not before."""
        with self._lock:
            before, self._state[part] = self._state[part], OK
        if before not in (OK, UNKNOWN):
            log.info("part_back", part=part)

    def snapshot(self) -> dict[str, str]:
        """Each part with "ok" or what is wrong with it."""
        with self._lock:
            return dict(self._state)
