"""One process at a time may set MLflow's alias, and what it may still do late is remembered."""

from datetime import timedelta

import pytest
from ledger_databases import ON_BOTH
from sqlalchemy import update

from ventas.ledger import Ledger, Promotion
from ventas.ledger.alias_claims import LATE_AFTER
from ventas.ledger.tables import AliasClaim
from ventas.times import utc_now

pytestmark = ON_BOTH


@pytest.fixture
def promotion(ledger: Ledger) -> Promotion:
    made = ledger.promotions.record_manual(1, None, "ana", "The first.", mirrored=False)
    assert made is not None
    return made


def _expire(ledger: Ledger, ago: timedelta = timedelta(0)) -> None:
    with ledger.database.write() as session:
        session.execute(update(AliasClaim).values(expires_at=utc_now() - ago))


def test_a_claim_excludes_others_until_it_is_given_back(ledger: Ledger, promotion: Promotion) -> None:
    token = ledger.alias_claims.take(promotion)
    assert token is not None
    assert ledger.alias_claims.take(promotion) is None
    ledger.alias_claims.give_back(token)
    assert not ledger.alias_claims.may_be_late(1)
    again = ledger.alias_claims.take(promotion)
    assert again is not None
    ledger.alias_claims.give_back(again, mirrored=promotion)
    assert ledger.promotions.head().mirrored_at is not None
    assert ledger.alias_claims.take(promotion) is None, "it was read before it was mirrored"


def test_a_claim_that_was_never_given_back_is_remembered_for_a_while(
    ledger: Ledger, promotion: Promotion
) -> None:
    ledger.alias_claims.take(promotion)
    _expire(ledger)
    assert ledger.alias_claims.may_be_late(1)
    assert ledger.alias_claims.take(promotion) is not None
    _expire(ledger, ago=LATE_AFTER)
    assert not ledger.alias_claims.may_be_late(1)


def test_an_overtaken_promotion_gets_no_claim(ledger: Ledger, promotion: Promotion) -> None:
    newer = ledger.promotions.record_manual(2, promotion, "ana", "Better.", mirrored=False)
    assert ledger.alias_claims.take(promotion) is None
    assert ledger.alias_claims.take(newer) is not None


def test_what_explains_where_the_alias_is(ledger: Ledger, promotion: Promotion) -> None:
    claims = ledger.alias_claims
    assert [claims.explains(promotion, alias) for alias in (None, 1, 5)] == [True, True, False]
    second = ledger.promotions.record_manual(2, promotion, "ana", "Better.", mirrored=False)
    assert claims.explains(second, 5), "no promotion was ever mirrored: restored"
    claims.give_back("no claim", mirrored=promotion)
    assert [claims.explains(second, alias) for alias in (None, 1, 2, 5)] == [True, True, True, False]
