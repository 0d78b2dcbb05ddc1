"""Bodies of requests, read whole before any thread works on them: a client that stops half-way holds up nobody."""

import asyncio
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

READ_SECONDS = 5.0  # without a byte; a small body must be here by then
SMALL_BYTES = 65_536
MEMORY_BYTES = 1_048_576  # a larger body waits on the disk


class CutShort(Exception):
    """Raised when a client stops in the middle of its body."""


async def small_body(protocol: Any, length: int) -> bytes:
    """A body of `length` bytes, SMALL_BYTES at most. Raises CutShort."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            data: bytes = await protocol()
    except (TimeoutError, RuntimeError) as error:  # granian's own errors are RuntimeErrors
        raise CutShort(f"Nothing came for {READ_SECONDS:g} s, or the client is gone.") from error
    if len(data) != length:
        raise CutShort(f"The client sent {len(data)} of {length} bytes.")
    return data


async def large_body(protocol: Any, length: int | None, most: int) -> IO[bytes]:
    """A body of `length` bytes (None: not said beforehand), at its start; of one above `most` no more than is needed
    to see that it is too large. Raises CutShort."""
    if length is not None and length > most:
        return BytesIO()  # refused by what its head says
    # Closed with the answer, by `Front`.
    body = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115
    size, chunks = 0, aiter(protocol)
    while size <= most and (chunk := await _next(chunks)):
        size += len(chunk)
        body.write(chunk)
    if length is not None and size != length:
        body.close()
        raise CutShort(f"The client sent {size} of {length} bytes.")
    body.seek(0)
    return body


async def _next(chunks: Any) -> bytes:
    try:
        async with asyncio.timeout(READ_SECONDS):
            chunk: bytes = await chunks.__anext__()  # granian's awaitable is too plain for `anext`
    except StopAsyncIteration:
        return b""
    except (TimeoutError, RuntimeError) as error:
        raise CutShort(f"Nothing came for {READ_SECONDS:g} s, or the client is gone.") from error
    return chunk
