"""Redis pub/sub: hear of a new champion at once. Only a hint: while Redis is away the poll goes on alone."""

import time
from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from api.background import Loop
from api.parts import Parts
from ventas.champion import CHANNEL

NOTICES = "notices"
_RECONNECT_SECONDS = 2.0
_LISTEN_SECONDS = 0.5
_PING_SECONDS = 5.0


class ChampionNotices:
    """Calls `heard` for every message on the champion's channel, and after every new connection."""

    def __init__(self, redis_url: str, parts: Parts, heard: Callable[[], None]):
        self._redis = Redis.from_url(
            redis_url,
            socket_connect_timeout=2,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._parts = parts
        self._heard = heard
        self._loop = Loop("champion-notices", self._listen, _RECONNECT_SECONDS)
        self.loops = (self._loop,)

    def close(self) -> None:
        """Close the connections, once the loop has ended."""
        self._redis.close()

    def _listen(self) -> None:
        try:
            with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
                pubsub.subscribe(CHANNEL)
                self._parts.back(NOTICES)
                self._heard()  # what was said before we listened
                self._listen_on(pubsub)
        except (RedisError, OSError) as error:
            self._parts.away(
                NOTICES, f"Redis does not answer, so a new champion is found by polling: {error}"
            )

    def _listen_on(self, pubsub: PubSub) -> None:
        asked_at = time.monotonic()
        while not self._loop.stopping:
            if pubsub.get_message(timeout=_LISTEN_SECONDS):
                self._heard()
            if time.monotonic() - asked_at > _PING_SECONDS:
                # A Redis that hangs keeps its connections; silence alone would never tell.
                self._redis.ping()
                asked_at = time.monotonic()
