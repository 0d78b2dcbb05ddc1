"""The bytes of an upload -> UTF-8 text with `\\n` line ends, in bounded memory, whatever a spreadsheet wrote."""

import codecs
import csv
import gzip
import io
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ventas.contract import contract_column, refused
from ventas.errors import RejectedUpload

DELIMITERS = (",", ";", "\t")

GZIP_FAULTS = (EOFError, gzip.BadGzipFile, zlib.error)
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
_PIECE_BYTES = 1 << 14
_FIRST_LINE = re.compile(rb"\S[^\r\n]*")

# First bytes of what people send by mistake, and what to tell them.
_SAVE_AS = "Save the sheet as CSV and upload that."
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", _SAVE_AS),
    (b"PK\x05\x06", "an empty zip archive", _SAVE_AS),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _SAVE_AS),
    (b"%PDF", "a PDF document", "Export the table as CSV and upload that."),
    (b"PAR1", "a Parquet file", "Export the table as CSV and upload that."),
    (_GZIP_MAGIC, "compressed twice", "Compress the CSV once, or not at all."),
)


@dataclass(frozen=True)
class Text:
    """The text of an upload: UTF-8 without BOM, lines end in `\\n`; with how it came."""

    data: bytes
    encoding: str
    gzip: bool


def read_text(path: Path, max_bytes: int, max_expansion: int) -> Text:
    """Read at most `max_bytes` of the file and decode them; gzip may yield `max_expansion` times its own size.

    Raises RejectedUpload (`too_large`, `bad_gzip`, `binary`, `encoding`, `empty_file`).
    """
    compressed = is_gzip(path)
    with path.open("rb") as file:
        raw = _gunzipped(file, max_bytes, max_expansion) if compressed else _whole(file, max_bytes)
    refuse_foreign(raw)
    refuse_nul(raw)
    data, encoding = _utf8(raw)
    refuse_decoded_nul(data)
    data = with_newlines(data)
    if data.isspace() or not data:
        raise empty_file()
    return Text(data, encoding, compressed)


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC


def choose_delimiter(header: str) -> str:
    """The delimiter under which a header line yields most of the contract's columns, then most cells."""

    def score(delimiter: str) -> tuple[int, int]:
        cells = split_header(header, delimiter)
        return sum(contract_column(cell) is not None for cell in cells), len(cells)

    return max(DELIMITERS, key=score)


def split_header(header: str, delimiter: str) -> list[str]:
    """The cells of a header record, quotation marks resolved; raises RejectedUpload (`header`)."""
    try:
        return next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise refused(
            f"The header line cannot be read ({error}). Line 1 must hold the column names only.", "header"
        ) from error


def _whole(file: BinaryIO, max_bytes: int) -> bytes:
    if os.fstat(file.fileno()).st_size > max_bytes:
        raise too_large(max_bytes)
    return file.read()


def _bounded(file: BinaryIO, max_bytes: int) -> bytes:
    """All of `file`, of which nobody knows the size, never holding more than one chunk beyond `max_bytes`."""
    data = bytearray()
    while chunk := file.read(_CHUNK_BYTES):
        data += chunk
        if len(data) > max_bytes:
            raise too_large(max_bytes)
    return bytes(data)


def too_large(max_bytes: int) -> RejectedUpload:
    """That a file, after gzip, is larger than MAX_UPLOAD_BYTES."""
    return refused(
        f"The file holds more than {max_bytes:,} bytes. Split it into smaller files, or raise MAX_UPLOAD_BYTES.",
        "too_large",
        max_bytes=max_bytes,
    )


def _gunzipped(file: BinaryIO, max_bytes: int, max_expansion: int) -> bytes:
    packed = os.fstat(file.fileno()).st_size
    allowed = largest_expansion(packed, max_expansion)
    try:
        with gzip.GzipFile(fileobj=file) as expanded:
            if allowed >= max_bytes:
                return _bounded(cast(BinaryIO, expanded), max_bytes)
            data = expanded.read(allowed + 1)
    except GZIP_FAULTS as error:
        raise bad_gzip(error) from error
    if len(data) > allowed:
        raise expands_too_far(packed, max_expansion)
    return data


def largest_expansion(packed: int, max_expansion: int) -> int:
    """How many bytes a gzip file of `packed` bytes may hold."""
    return max(packed * max_expansion, _CHUNK_BYTES)


def bad_gzip(error: Exception) -> RejectedUpload:
    """That a file begins as gzip and does not go on so."""
    return refused(
        f"The gzip file is damaged or incomplete ({error}). Compress it again and upload it again.",
        "bad_gzip",
    )


def expands_too_far(packed: int, max_expansion: int) -> RejectedUpload:
    """That a gzip file of `packed` bytes is larger inside than MAX_EXPANSION lets it be."""
    return refused(
        f"The gzip file grows to more than {max_expansion} times its {packed:,} bytes, as no table of sales "
        "does. Upload the CSV itself, or raise MAX_EXPANSION.",
        "too_large",
        max_expansion=max_expansion,
    )


def with_newlines(data: bytes) -> bytes:
    """`data` with every line end as `\\n`."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def empty_file() -> RejectedUpload:
    """That a file holds nothing but blanks."""
    return refused("The file is empty. Upload a CSV with a header line and one row per day.", "empty_file")


def refuse_foreign(head: bytes) -> None:
    """Raise RejectedUpload (`binary`) where a file begins as no CSV does."""
    for magic, kind, advice in _FOREIGN:
        if head.startswith(magic):
            raise _binary(kind, advice)


def is_utf16(head: bytes) -> bool:
    """Whether a file begins with the mark of UTF-16."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def refuse_nul(raw: bytes, *, utf16: bool | None = None) -> None:
    """Raise RejectedUpload (`binary`) where NUL bytes are in a file, or a part of one, that is not UTF-16."""
    if b"\0" in raw and not (is_utf16(raw) if utf16 is None else utf16):
        raise _binary("a binary file, or UTF-16 without its mark", "Save it as CSV (UTF-8) and upload that.")


def refuse_decoded_nul(text: bytes) -> None:
    """Raise RejectedUpload (`binary`) where decoded text holds NUL."""
    if b"\0" in text:
        raise _binary("a binary file", "Save the sheet as CSV (UTF-8) and upload that.")


def _binary(kind: str, advice: str) -> Exception:
    return refused(f"The file is called .csv but is {kind}. {advice}", "binary", kind=kind)


def _utf8(raw: bytes) -> tuple[bytes, str]:
    """`raw` as UTF-8 without BOM, and the name of the encoding it came in."""
    if is_utf16(raw):
        return transcoded(raw, "utf-16"), "utf-16"
    body = raw.removeprefix(codecs.BOM_UTF8)
    fault = _first_fault(body)
    if fault is None:
        return body, "utf-8" if len(body) == len(raw) else "utf-8-sig"
    if len(body) < len(raw) or header_is_utf8(body):
        raise damaged(body.count(b"\n", 0, fault) + 1)
    # Few lines have more than ASCII in them, and the others are UTF-8 already.
    pieces = (body[start : start + _PIECE_BYTES] for start in range(0, len(body), _PIECE_BYTES))
    recoded = [piece if piece.isascii() else transcoded(piece, "cp1252") for piece in pieces]
    return b"".join(recoded), "cp1252"


def damaged(line: int) -> RejectedUpload:
    """That a file in UTF-8 has other bytes in `line`."""
    return refused(
        f"Line {line} holds bytes that are not UTF-8, though the rest of the file is. Save the whole file again as "
        "CSV UTF-8.",
        "encoding",
        line=line,
    )


def transcoded(raw: bytes, encoding: str) -> bytes:
    """`raw` as UTF-8; raises RejectedUpload (`encoding`)."""
    try:
        return raw.decode(encoding).encode()
    except UnicodeError as error:  # surrogates that stand alone fail in encode()
        raise unreadable(encoding) from error


def unreadable(encoding: str) -> RejectedUpload:
    """That a file is no text of this encoding."""
    return refused(f"The file cannot be read as {encoding} text. Save it again as CSV UTF-8.", "encoding")


def _first_fault(data: bytes) -> int | None:
    """Offset of the first byte that is not UTF-8, found chunk by chunk so that no second copy is held."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    if data.isascii():
        return None
    for offset in range(0, len(data), _CHUNK_BYTES):
        pending = len(decoder.getstate()[0])
        chunk = data[offset : offset + _CHUNK_BYTES]
        try:
            decoder.decode(chunk, final=offset + _CHUNK_BYTES >= len(data))
        except UnicodeDecodeError as error:
            return offset - pending + error.start
    return None


def header_is_utf8(data: bytes) -> bool:
    """Whether the first line of a file, or of its beginning, is UTF-8 beyond ASCII.

    Then the file is UTF-8 and a later line is damaged.
    """
    header = _FIRST_LINE.search(data)
    try:
        return header is not None and not header[0].decode().isascii()
    except UnicodeDecodeError:
        return False
