"""The loops beside the requests: woken at once, ended in time, not ended by a bug."""

import time
from threading import Event

from api_helpers import eventually
from structlog.testing import capture_logs

from api.background import Loop, stop_all


def test_a_loop_steps_at_once_when_woken_and_ends_when_stopped() -> None:
    steps: list[float] = []
    loop = Loop("test", lambda: steps.append(time.monotonic()), seconds=600)
    loop.start()
    eventually(lambda: len(steps) == 1)
    loop.wake()
    eventually(lambda: len(steps) == 2)
    stop_all([loop])
    loop.wake()
    assert loop.stopping
    assert len(steps) == 2


def test_loops_that_hang_do_not_hold_up_the_stop() -> None:
    go_on = Event()
    loops = [Loop("hangs", lambda: go_on.wait(20) and None, seconds=600) for _ in range(5)]
    for loop in loops:
        loop.start()
    began = time.monotonic()
    stop_all(loops, timeout_seconds=0.2)
    assert time.monotonic() - began < 1
    go_on.set()
    for loop in loops:
        loop.join(5)


def test_a_bug_is_logged_once_per_row_of_failures() -> None:
    steps: list[int] = []

    def fails_but_for_every_fifth() -> None:
        steps.append(len(steps))
        if len(steps) % 5:
            raise ZeroDivisionError

    loop = Loop("test", fails_but_for_every_fifth, seconds=0.001)
    with capture_logs() as logged:
        loop.start()
        eventually(lambda: len(steps) > 10)
        stop_all([loop])
    assert {entry["event"] for entry in logged} == {"background_step_failed"}
    assert 0 < len(logged) <= len(steps) // 5 + 1
