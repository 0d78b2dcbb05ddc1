"""How many tasks wait in Redis, by queue; asked without Celery, which takes a while to import."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ventas.settings import Settings

SECONDS = 2.0
WORKERS = {"control": "worker", "training": "trainer"}  # the process of each queue
# How the names of a queue's lists end, one for each priority of `workers.app`, as kombu marks them.
LISTS = ("", "\x06\x166", "\x06\x169")


def waiting_tasks(settings: Settings) -> dict[str, int]:
    """Tasks of each queue that no worker has taken yet. Raises RedisError and OSError, within seconds."""
    with Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return {name: sum(_length(client, name + end) for end in LISTS) for name in WORKERS}


def _length(client: Redis, name: str) -> int:
    return int(client.llen(name))  # type: ignore[arg-type]
