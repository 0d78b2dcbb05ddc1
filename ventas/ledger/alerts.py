"""Alerts: raised once for each cause, with what was done about them."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ventas.ledger.database import Database
from ventas.ledger.tables import Alert, Promotion
from ventas.times import utc_now

Kind = Literal["live_error", "overtaken", "drift"]
Action = Literal["record", "retrain", "rollback"]


@dataclass(frozen=True)
class NewAlert:
    """Why an operator is told: `value` is above (or, against a rival, not below) `limit`.

    `cause` names what it is about; the same cause raises no second alert. `rival_version` is the shadow that was
    better, if that is what it is about.
    """

    kind: Kind
    cause: str
    model_version: int
    message: str
    value: float
    limit: float
    rival_version: int | None = None


class Alerts:
    """Reads and writes alerts. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def raise_once(self, alert: NewAlert, run_id: str, action: Action) -> bool:
        """Keep an alert, unless its cause has raised one before; whether it is new.

        With an action other than `record` it is due until `settle` says what that came to.
        """
        now = utc_now()
        row = vars(alert) | {"run_id": run_id, "action": action, "created_at": now}
        row["acted_at"] = now if action == "record" else None
        with self._database.write() as session:
            dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            new = dialect.insert(Alert).values(row).on_conflict_do_nothing().returning(Alert.id)
            return session.scalar(new) is not None

    def due(self) -> list[Alert]:
        """Alerts whose action has not been taken yet, oldest first."""
        with self._database.read() as session:
            return list(session.scalars(select(Alert).where(Alert.acted_at.is_(None)).order_by(Alert.id)))

    def settle(self, alert_id: int, note: str) -> None:
        """Note what the action came to."""
        with self._database.write() as session:
            session.execute(
                update(Alert)
                .where(Alert.id == alert_id, Alert.acted_at.is_(None))
                .values(acted_at=utc_now(), note=note)
            )

    def fallbacks(self, champion: int) -> list[int]:
        """The champions before `champion` that have raised no alert themselves, the newest first."""
        with self._database.read() as session:
            blamed = select(Alert.model_version).where(Alert.kind.in_(("live_error", "overtaken")))
            versions = session.scalars(
                select(Promotion.model_version)
                .where(Promotion.model_version != champion, Promotion.model_version.not_in(blamed))
                .order_by(Promotion.id.desc())
            )
            return list(dict.fromkeys(versions))

    def counts_about(self, version: int) -> tuple[dict[str, int], int]:
        """How many alerts of each kind a champion has raised, and how many actions of any alert are due."""
        with self._database.read() as session:
            raised = (
                select(Alert.kind, func.count()).where(Alert.model_version == version).group_by(Alert.kind)
            )
            due = select(func.count()).select_from(Alert).where(Alert.acted_at.is_(None))
            counts = {str(kind): int(count) for kind, count in session.execute(raised)}
            return counts, session.scalar(due) or 0

    def page(self, skip: int, limit: int) -> tuple[list[Alert], int]:
        """`limit` alerts after the `skip` newest ones, newest first, and how many there are in all."""
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(Alert)) or 0
            rows = session.scalars(select(Alert).order_by(Alert.id.desc()).offset(skip).limit(limit))
            return list(rows), total
