"""What a backup says of itself: of what it is, when it was taken, by which version, and each file with its digest."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from ventas.backup.archive import MANIFEST, BrokenBackup, Reader, Stored

FORMAT = 1


@dataclass(frozen=True)
class SavedDatabase:
    """A database in a backup: `kind` is sqlite or postgresql, `revision` its schema's (Alembic)."""

    kind: str
    revision: str
    stored: Stored


@dataclass(frozen=True)
class SavedObject:
    """A version of an object, or a delete marker (then `stored` is None); times are ISO 8601 in UTC.

    `headers` are its content type and the like and all `x-amz-meta-...`.
    """

    bucket: str
    key: str
    version_id: str
    last_modified: str
    stored: Stored | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """All that a backup holds; `objects` in the order in which they came, so in which they are put back."""

    created_at: str
    ventas: str
    mlflow: str
    ledger_database: SavedDatabase
    mlflow_database: SavedDatabase
    objects: list[SavedObject]
    versioned: list[str]  # buckets that kept versions

    @property
    def files(self) -> list[Stored]:
        """Every file beside the manifest itself."""
        saved = [one.stored for one in self.objects if one.stored is not None]
        return [self.ledger_database.stored, self.mlflow_database.stored, *saved]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(one.size for one in self.files)

    def to_bytes(self) -> bytes:
        """As it lies in the backup: the digest guards the manifest itself."""
        body = json.dumps(asdict(self), ensure_ascii=False)
        head = {"format": FORMAT, "sha256": _digest(body), "body": body}
        return json.dumps(head, ensure_ascii=False).encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """The manifest of a backup. Raises BrokenBackup."""
        with reader.open(MANIFEST) as file:
            raw = file.read()
        try:
            head = json.loads(raw)
            number, body = head["format"], head["body"]
            whole = _digest(body) == head["sha256"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable() from error
        if number != FORMAT:
            raise BrokenBackup(
                f"The backup is of format {number}, this program reads {FORMAT}: take the ventas that made it."
            )
        if not whole:
            raise _unreadable()
        return cls._of(json.loads(body))

    @classmethod
    def _of(cls, told: dict[str, Any]) -> Self:
        for name in ("ledger_database", "mlflow_database"):
            told[name] = SavedDatabase(**told[name] | {"stored": Stored(**told[name]["stored"])})
        told["objects"] = [
            SavedObject(**one | {"stored": Stored(**one["stored"]) if one["stored"] else None})
            for one in told["objects"]
        ]
        return cls(**told)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _unreadable() -> BrokenBackup:
    return BrokenBackup(
        f"The backup's {MANIFEST} is damaged. Nothing was restored; take another copy of the backup."
    )
