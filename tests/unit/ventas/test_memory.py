"""What was freed goes back to the system."""

import platform

import psutil
import pytest

from ventas.memory import give_back


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked to give back")
def test_blocks_that_were_freed_are_given_back_though_a_later_one_is_held() -> None:
    blocks = [bytes([1]) * 65_536 for _ in range(2_000)]
    held = blocks.pop()
    del blocks
    before = psutil.Process().memory_info().rss
    give_back()
    assert before - psutil.Process().memory_info().rss > 50_000_000
    assert held[-1] == 1
