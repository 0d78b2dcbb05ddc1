"""Who was champion when: append-only; the newest row decides, MLflow's alias mirrors it."""

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.tables import Promotion
from ventas.times import utc_now


class Promotions:
    """Reads and changes the list of promotions. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def head(self) -> Promotion | None:
        """The promotion that made the present champion, or None while there is none."""
        with self._database.read() as session:
            return head_of(session)

    def record_manual(
        self, version: int, head: Promotion | None, actor: str, reason: str, *, mirrored: bool
    ) -> Promotion | None:
        """Record a change of champion by hand; None where the champion is no longer `head`.

        `mirrored` says that the alias is there already. The champion's upload order stays: a model put back by
        hand does not make newer uploads older.
        """
        now = utc_now()
        with self._database.write() as session:
            now_head = locked_head(session)
            if (now_head.id if now_head else None) != (head.id if head else None):
                return None
            promotion = Promotion(
                created_at=now,
                model_version=version,
                previous_version=head.model_version if head else None,
                uploaded_at=head.uploaded_at if head else None,
                source="manual",
                actor=actor,
                reason=reason,
                mirrored_at=now if mirrored else None,
            )
            session.add(promotion)
            return promotion

    def at(self, moment: datetime) -> Promotion | None:
        """The promotion that made the champion of that moment, or None before the first one."""
        with self._database.read() as session:
            return session.scalars(
                select(Promotion).where(Promotion.created_at <= moment).order_by(Promotion.id.desc()).limit(1)
            ).first()

    def all(self) -> list[Promotion]:
        """Every promotion, newest first."""
        with self._database.read() as session:
            return list(session.scalars(select(Promotion).order_by(Promotion.id.desc())))


def locked_head(session: Session) -> Promotion | None:
    """The newest promotion, and nobody else can record one before this transaction ends.

    A lock on the newest row would not do on PostgreSQL: whoever waited for it still sees that row as the newest.
    SQLite's write transactions exclude each other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE"))
    return head_of(session)


def head_of(session: Session) -> Promotion | None:
    """The newest promotion, or None."""
    return session.scalars(select(Promotion).order_by(Promotion.id.desc()).limit(1)).first()
