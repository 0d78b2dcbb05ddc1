"""The bytes of an upload -> a file of UTF-8 text with `\\n` line ends; only a few MB of it are held at any time."""

import codecs
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ventas.dialect import (
    GZIP_FAULTS,
    Text,
    bad_gzip,
    damaged,
    empty_file,
    expands_too_far,
    header_is_utf8,
    is_gzip,
    is_utf16,
    largest_expansion,
    refuse_decoded_nul,
    refuse_foreign,
    refuse_nul,
    too_large,
    transcoded,
    unreadable,
    with_newlines,
)
from ventas.records import check_lines
from ventas.settings import Settings

_CHUNK_BYTES = 1 << 20
_UTF8_MARK = codecs.BOM_UTF8
_HEADER_BYTES = 1 << 20  # no header is so long


def is_larger(path: Path, limit: int) -> bool:
    """Whether the file, unpacked, has more than `limit` bytes; one that cannot be unpacked has not."""
    if not is_gzip(path):
        return path.stat().st_size > limit
    try:
        with gzip.open(path) as file:
            size = 0
            while size <= limit and (chunk := file.read(_CHUNK_BYTES)):
                size += len(chunk)
    except GZIP_FAULTS:
        return False
    return size > limit


def write_text(path: Path, target: Path, settings: Settings) -> Text:
    """Write the upload at `path` to `target` as UTF-8; the answer tells how it came and holds no data.

    Raises RejectedUpload as `read_text` and `find_records` do, with the same codes and sentences.
    """
    encoding = _encoding(_chunks(path, settings))
    lines, blank = 0, True
    with target.open("wb") as file:
        for piece in _newlines(_decoded(_chunks(path, settings), encoding)):
            refuse_decoded_nul(piece)
            lines += piece.count(b"\n")
            blank = blank and (not piece or piece.isspace())
            file.write(piece)
    if blank:
        raise empty_file()
    check_lines(lines, settings.MAX_ROWS)
    return Text(b"", encoding, is_gzip(path))


def _chunks(path: Path, settings: Settings) -> Iterator[bytes]:
    """The bytes of the file, unpacked, in pieces; raises RejectedUpload (`too_large`, `bad_gzip`)."""
    packed, compressed = path.stat().st_size, is_gzip(path)
    allowed = largest_expansion(packed, settings.MAX_EXPANSION)
    if not compressed and packed > settings.MAX_UPLOAD_BYTES:
        raise too_large(settings.MAX_UPLOAD_BYTES)
    size = 0
    with path.open("rb") as raw:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if compressed else raw
        while chunk := _read(file):
            size += len(chunk)
            if size > settings.MAX_UPLOAD_BYTES:
                raise too_large(settings.MAX_UPLOAD_BYTES)
            if compressed and size > allowed:
                raise expands_too_far(packed, settings.MAX_EXPANSION)
            yield chunk


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_CHUNK_BYTES)
    except GZIP_FAULTS as error:
        raise bad_gzip(error) from error


@dataclass
class _Look:
    """What has been seen of a file: its beginning, its first line that is not empty, and the line of the first byte
    that is not UTF-8."""

    head: bytes = b""
    header: bytes = b""
    line: int = 1
    fault: int | None = None


def _encoding(chunks: Iterator[bytes]) -> str:
    """The encoding of a file; raises RejectedUpload (`binary`, `encoding`)."""
    look, decoder = _Look(), codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        if not look.head:
            look.head = chunk
            refuse_foreign(chunk)
        if len(look.header) < _HEADER_BYTES and b"\n" not in look.header:
            look.header = (look.header + chunk).lstrip()
        utf16 = is_utf16(look.head)
        refuse_nul(chunk, utf16=utf16)
        if look.fault is None and not utf16:
            _look_on(look, decoder.decode, decoder.getstate()[0], chunk)
    if is_utf16(look.head):
        return "utf-16"
    if look.fault is None and decoder.getstate()[0]:  # the file ends within a character
        look.fault = look.line
    marked = look.head.startswith(_UTF8_MARK)
    if look.fault is None:
        return "utf-8-sig" if marked else "utf-8"
    if marked or header_is_utf8(look.header):
        raise damaged(look.fault)
    return "cp1252"


def _look_on(look: _Look, decode: Callable[[bytes], str], pending: bytes, chunk: bytes) -> None:
    """Decode one more piece, and note the line of the first fault."""
    if pending or not chunk.isascii():
        try:
            decode(chunk)
        except UnicodeDecodeError as error:
            look.fault = look.line + (pending + chunk).count(b"\n", 0, error.start)
    look.line += chunk.count(b"\n")


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 without a mark; raises RejectedUpload (`encoding`)."""
    if encoding == "utf-16":
        yield from _from_utf16(chunks)
        return
    if encoding == "cp1252":
        yield from (chunk if chunk.isascii() else transcoded(chunk, encoding) for chunk in chunks)
        return
    first = next(chunks, b"")
    yield first.removeprefix(_UTF8_MARK)
    yield from chunks


def _from_utf16(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:  # surrogates that stand alone fail in encode()
        raise unreadable("utf-16") from error


def _newlines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The text with every line end as `\\n`; one may lie across two pieces."""
    held = b""
    for piece in pieces:
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""
        yield with_newlines(text.removesuffix(b"\r"))
    yield with_newlines(held)
