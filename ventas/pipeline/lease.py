"""A lease that is renewed for as long as its work lasts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from ventas.errors import LeaseLost, LedgerUnavailable

log = structlog.get_logger()


@contextmanager
def kept_alive(renew: Callable[[], None], name: str, every_seconds: float) -> Iterator[None]:
    """Call `renew` from a thread, again and again, for as long as the block runs; `name` is told in the log."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(every_seconds):
            try:
                renew()
            except LedgerUnavailable as error:
                log.warning("lease_not_renewed", leased=name, reason=str(error))
            except LeaseLost:
                return  # the work finds out by itself at its next write

    thread = threading.Thread(target=keep, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
