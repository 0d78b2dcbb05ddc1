"""Which model versions retention leaves alone, with what they were made of."""

from ventas.ledger import Ledger


def versions_in_use(ledger: Ledger) -> frozenset[int]:
    """The champion, the one before it (`ventas rollback` takes it), the shadow and those that await approval.

    Raises LedgerUnavailable.
    """
    head = ledger.promotions.head()
    of_champion = (head.model_version, head.previous_version) if head else ()
    named = {*of_champion, ledger.shadows.current_version(), *ledger.approvals.waiting()}
    return frozenset(version for version in named if version is not None)
