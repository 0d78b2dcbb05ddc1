"""Where a backup lies: a folder, or one tar file. What is half written is never taken for whole.

It is written under a name of its own (`NAME.part`) and gets its name once all of it, the manifest last, is on disk.
"""

import hashlib
import io
import os
import shutil
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ventas.errors import Conflict, InvalidRequest, NotFound, PermanentError

MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Stored:
    """One file of a backup: its name there, `size` in bytes, SHA-256 in hex."""

    file: str
    size: int
    sha256: str


class BrokenBackup(PermanentError):
    """Raised when a backup is not what its manifest says; nothing was restored from it."""


class Writer(ABC):
    """Takes the files of a new backup one after the other."""

    @abstractmethod
    def add(self, name: str, chunks: Iterable[bytes], size: int) -> Stored:
        """Write one file of `size` bytes. Raises OSError, and BrokenBackup where `chunks` come to another size."""


class Reader(ABC):
    """Gives the files of a backup."""

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """One file, to be closed by whoever asks. Raises BrokenBackup where it is missing."""

    def check(self, wanted: Stored) -> None:
        """Read one file to its end. Raises BrokenBackup where it is missing or another than was written."""
        with self.open(wanted.file) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        if size != wanted.size:
            raise BrokenBackup(
                f"{wanted.file} of the backup has {size:,} bytes, its manifest says {wanted.size:,}: it was cut off "
                "or changed. Nothing was restored; take another copy of the backup."
            )
        if digest != wanted.sha256:
            raise BrokenBackup(
                f"{wanted.file} of the backup is not what was written (its SHA-256 differs): it was changed, or the "
                "disk is at fault. Nothing was restored; take another copy of the backup."
            )


def is_tar(path: Path) -> bool:
    """Whether the backup of this name is one file."""
    return path.suffix == ".tar"


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new backup, which has its name only when the block ends well.

    Raises Conflict where something is there, NotFound where the folder that it goes into is missing: that may be a
    disk that is not mounted.
    """
    if path.exists():
        raise Conflict(f"{path} is there already; name another, a backup overwrites nothing.")
    if not path.parent.is_dir():
        raise NotFound(
            f"There is no folder {path.parent}: mend the name, mount its disk, or make it with mkdir. Nothing was "
            "written."
        )
    part = path.with_name(path.name + ".part")
    _remove(part)  # of a backup that did not come to its end
    try:
        with _tar_writer(part) if is_tar(path) else _folder_writer(part) as writer:
            yield writer
        part.rename(path)
        _sync(path.parent)
    except BaseException:
        _remove(part)
        raise


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """A backup that is there. Raises NotFound, InvalidRequest and BrokenBackup."""
    if not path.exists():
        raise NotFound(f"There is no {path}.")
    if path.is_dir():
        yield _FolderReader(path)
        return
    if not is_tar(path):
        raise InvalidRequest(f"{path} is neither a folder nor a .tar file, so it is no backup.")
    try:
        with tarfile.open(path, "r:") as tar:
            yield _TarReader(tar)
    except tarfile.TarError as error:
        raise BrokenBackup(
            f"{path} cannot be read as a tar file ({error}): it was cut off or changed."
        ) from error


class _Summed(io.RawIOBase):
    """Chunks as a file that knows its digest."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks, self._rest = iter(chunks), b""
        self.digest, self.size = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = bytearray(self._rest)
        while size < 0 or len(found) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            found += chunk
        given, self._rest = (bytes(found), b"") if size < 0 else (bytes(found[:size]), bytes(found[size:]))
        self.digest.update(given)
        self.size += len(given)
        return given

    def stored(self, name: str, size: int) -> Stored:
        if self.size != size:
            raise BrokenBackup(
                f"{name} came with {self.size:,} bytes in place of {size:,}; take the backup again."
            )
        return Stored(name, size, self.digest.hexdigest())


class _FolderWriter(Writer):
    def __init__(self, folder: Path):
        self._folder = folder

    def add(self, name: str, chunks: Iterable[bytes], size: int) -> Stored:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        source = _Summed(chunks)
        with path.open("xb") as file:
            shutil.copyfileobj(source, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        return source.stored(name, size)


class _TarWriter(Writer):
    def __init__(self, tar: tarfile.TarFile):
        self._tar = tar

    def add(self, name: str, chunks: Iterable[bytes], size: int) -> Stored:
        source, member = _Summed(chunks), tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, source)
        return source.stored(name, size)


class _FolderReader(Reader):
    def __init__(self, folder: Path):
        self._folder = folder

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._folder / name).open("rb")
        except FileNotFoundError as error:
            raise _missing(name) from error


class _TarReader(Reader):
    def __init__(self, tar: tarfile.TarFile):
        self._tar = tar

    def open(self, name: str) -> IO[bytes]:
        try:
            file = self._tar.extractfile(name)
        except KeyError as error:
            raise _missing(name) from error
        if file is None:
            raise _missing(name)
        return file


def _missing(name: str) -> BrokenBackup:
    if name == MANIFEST:
        return BrokenBackup(
            f"There is no {MANIFEST} in it: it is no backup, or half of one. Nothing was restored."
        )
    return BrokenBackup(f"{name} is missing from the backup. Nothing was restored; take another copy of it.")


@contextmanager
def _folder_writer(folder: Path) -> Iterator[Writer]:
    folder.mkdir(mode=0o700)
    yield _FolderWriter(folder)
    _sync(folder)


@contextmanager
def _tar_writer(path: Path) -> Iterator[Writer]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            yield _TarWriter(tar)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have a folder's names on disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
