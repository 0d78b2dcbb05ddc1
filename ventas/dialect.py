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

DELIMITERS = (",", ";", "\t")

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
_PIECE_BYTES = 1 << 14
_FIRST_LINE = re.compile(rb"\S[^\n]*")

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
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        raw = _gunzipped(file, max_bytes, max_expansion) if compressed else _whole(file, max_bytes)
    _refuse_foreign(raw)
    data, encoding = _utf8(raw)
    if b"\0" in data:
        raise _binary("a binary file", "Save the sheet as CSV (UTF-8) and upload that.")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data.isspace() or not data:
        raise refused("The file is empty. Upload a CSV with a header line and one row per day.", "empty_file")
    return Text(data, encoding, compressed)


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
        raise _too_large(max_bytes)
    return file.read()


def _bounded(file: BinaryIO, max_bytes: int) -> bytes:
    """All of `file`, of which nobody knows the size, never holding more than one chunk beyond `max_bytes`."""
    data = bytearray()
    while chunk := file.read(_CHUNK_BYTES):
        data += chunk
        if len(data) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(data)


def _too_large(max_bytes: int) -> Exception:
    return refused(
        f"The file holds more than {max_bytes:,} bytes. Split it into smaller files, or raise MAX_UPLOAD_BYTES.",
        "too_large",
        max_bytes=max_bytes,
    )


def _gunzipped(file: BinaryIO, max_bytes: int, max_expansion: int) -> bytes:
    packed = os.fstat(file.fileno()).st_size
    allowed = max(packed * max_expansion, _CHUNK_BYTES)
    try:
        with gzip.GzipFile(fileobj=file) as expanded:
            if allowed >= max_bytes:
                return _bounded(cast(BinaryIO, expanded), max_bytes)
            data = expanded.read(allowed + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise refused(
            f"The gzip file is damaged or incomplete ({error}). Compress it again and upload it again.",
            "bad_gzip",
        ) from error
    if len(data) > allowed:
        raise refused(
            f"The gzip file grows to more than {max_expansion} times its {packed:,} bytes, as no table of sales "
            "does. Upload the CSV itself, or raise MAX_EXPANSION.",
            "too_large",
            max_expansion=max_expansion,
        )
    return data


def _refuse_foreign(raw: bytes) -> None:
    for magic, kind, advice in _FOREIGN:
        if raw.startswith(magic):
            raise _binary(kind, advice)
    if b"\0" in raw and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _binary("a binary file, or UTF-16 without its mark", "Save it as CSV (UTF-8) and upload that.")


def _binary(kind: str, advice: str) -> Exception:
    return refused(f"The file is called .csv but is {kind}. {advice}", "binary", kind=kind)


def _utf8(raw: bytes) -> tuple[bytes, str]:
    """`raw` as UTF-8 without BOM, and the name of the encoding it came in."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _transcoded(raw, "utf-16"), "utf-16"
    body = raw.removeprefix(codecs.BOM_UTF8)
    fault = _first_fault(body)
    if fault is None:
        return body, "utf-8" if len(body) == len(raw) else "utf-8-sig"
    if len(body) < len(raw) or _header_is_utf8(body):
        line = body.count(b"\n", 0, fault) + 1
        raise refused(
            f"Line {line} holds bytes that are not UTF-8, though the rest of the file is. Save the whole file "
            "again as CSV UTF-8.",
            "encoding",
            line=line,
        )
    # Few lines have more than ASCII in them, and the others are UTF-8 already.
    pieces = (body[start : start + _PIECE_BYTES] for start in range(0, len(body), _PIECE_BYTES))
    recoded = [piece if piece.isascii() else _transcoded(piece, "cp1252") for piece in pieces]
    return b"".join(recoded), "cp1252"


def _transcoded(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).encode()
    except UnicodeError as error:  # surrogates that stand alone fail in encode()
        raise refused(
            f"The file cannot be read as {encoding} text. Save it again as CSV UTF-8.",
            "encoding",
        ) from error


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


def _header_is_utf8(data: bytes) -> bool:
    """Whether the first line is UTF-8 beyond ASCII: then the file is UTF-8 and a later line is damaged."""
    header = _FIRST_LINE.search(data)
    try:
        return header is not None and not header[0].decode().isascii()
    except UnicodeDecodeError:
        return False
