"""Memory that is free goes back to the system: a worker that has read a large file must not hold its peak."""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Hand free pages back, Arrow's and the C library's; where the latter cannot (musl, macOS) only Arrow's.

    Both keep what was freed for later use: blocks below 32 MB (glibc's largest threshold), so nearly all columns of a
    file of a million rows, and the next phase would come on top of them.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
