"""Claims on MLflow's alias `champion`: one process sets it at a time.

A claim that its process never gave back, since it died, hangs or got no answer, tells that the alias may still be set
late by one of ours; every other value that no promotion explains is a person's choice.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ventas.ledger.database import Database
from ventas.ledger.promotions import locked_head
from ventas.ledger.tables import AliasClaim, Promotion
from ventas.times import utc_now

# The few requests that a claim is held for take less than a second; a slower holder is one that may be late.
EXCLUSIVE_FOR = timedelta(seconds=15)
# An alias that the holder of an expired claim has not set by then will not be set late any more.
LATE_AFTER = timedelta(minutes=10)


class AliasClaims:
    """Hands out the right to set the alias. All methods raise LedgerUnavailable."""

    def __init__(self, database: Database):
        self._database = database

    def take(self, promotion: Promotion) -> str | None:
        """The right to set the alias to a promotion's version, as a token.

        None where another process has it, or `promotion` is no longer as it was read: overtaken, or mirrored.
        """
        now = utc_now()
        with self._database.write() as session:
            head = locked_head(session)
            if head is None or _state(head) != _state(promotion):
                return None
            session.execute(delete(AliasClaim).where(AliasClaim.expires_at < now - LATE_AFTER))
            if session.scalar(select(AliasClaim.token).where(AliasClaim.expires_at > now).limit(1)):
                return None
            claim = AliasClaim(
                token=str(uuid4()), model_version=promotion.model_version, expires_at=now + EXCLUSIVE_FOR
            )
            session.add(claim)
            return claim.token

    def give_back(self, token: str, mirrored: Promotion | None = None) -> None:
        """End a claim whose holder will not set the alias any more; `mirrored` is what the alias follows now.

        One that has expired stays on record: others may have gone on before its holder set the alias.
        """
        now = utc_now()
        with self._database.write() as session:
            ours = AliasClaim.token == token
            session.execute(delete(AliasClaim).where(ours, AliasClaim.expires_at > now))
            if mirrored is not None:
                session.execute(
                    update(Promotion)
                    .where(Promotion.id == mirrored.id, Promotion.mirrored_at.is_(None))
                    .values(mirrored_at=now)
                )

    def let_expire(self, token: str) -> None:
        """Let others have the right now, though MLflow may still carry out what the holder asked for."""
        with self._database.write() as session:
            session.execute(update(AliasClaim).where(AliasClaim.token == token).values(expires_at=utc_now()))

    def may_be_late(self, version: int) -> bool:
        """Whether one of ours may set, or just has set, the alias to `version` late."""
        with self._database.read() as session:
            return version in _claimed(session)

    def forget(self, version: int) -> None:
        """End the claims on `version`: what they might have done late has been seen."""
        with self._database.write() as session:
            session.execute(delete(AliasClaim).where(AliasClaim.model_version == version))

    def explains(self, promotion: Promotion, alias: int | None, by_hand_at: datetime | None = None) -> bool:
        """Whether the alias can be where it is without anybody's hand, before it follows `promotion`.

        `by_hand_at`: when somebody set it by hand last. Who did so since the promotion chose where it is, though it
        was there before. After a restore nothing is known of MLflow's alias: it is of another moment.
        """
        if alias in (None, promotion.model_version):
            return True
        if by_hand_at is not None and by_hand_at >= promotion.created_at:
            return False
        with self._database.read() as session:
            earlier = session.execute(
                select(Promotion.model_version, Promotion.mirrored_at)
                .where(Promotion.id < promotion.id)
                .order_by(Promotion.id.desc())
            ).all()
            mirrored = next((version for version, since in earlier if since is not None), None)
            is_unknown = bool(earlier) and mirrored is None
            return is_unknown or alias == mirrored or alias in _claimed(session)


def _state(promotion: Promotion) -> tuple[int, bool]:
    return promotion.id, promotion.mirrored_at is None


def _claimed(session: Session) -> set[int]:
    since = utc_now() - LATE_AFTER
    return set(session.scalars(select(AliasClaim.model_version).where(AliasClaim.expires_at > since)))
