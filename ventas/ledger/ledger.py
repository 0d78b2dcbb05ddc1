"""One object for all that the ledger does."""

from ventas.ledger.alerts import Alerts
from ventas.ledger.alias_claims import AliasClaims
from ventas.ledger.approvals import Approvals
from ventas.ledger.database import Database
from ventas.ledger.events import Intake
from ventas.ledger.history import History
from ventas.ledger.old_files import OldFiles
from ventas.ledger.outcomes import Outcomes
from ventas.ledger.predictions import Predictions
from ventas.ledger.promotions import Promotions
from ventas.ledger.queries import Queries
from ventas.ledger.replay_work import ReplayWork
from ventas.ledger.replays import Replays
from ventas.ledger.retention import Retention
from ventas.ledger.runs import Runs
from ventas.ledger.shadows import Shadows
from ventas.ledger.sweeps import Sweeps
from ventas.ledger.totals import Totals
from ventas.settings import Settings


class Ledger:
    """The ledger's parts over one database; make one per process.

    Parameters
    ----------
    settings: where the database is, and how long a lease lasts.
    lock_timeout_seconds: how long a statement waits for another process's lock.
    """

    def __init__(self, settings: Settings, *, lock_timeout_seconds: float = 10):
        self.database = Database(settings.database_url, lock_timeout_seconds=lock_timeout_seconds)
        self.intake = Intake(self.database)
        self.runs = Runs(self.database, settings.LEASE_SECONDS)
        self.sweeps = Sweeps(self.database, settings.LEASE_SECONDS)
        self.promotions = Promotions(self.database)
        self.alias_claims = AliasClaims(self.database)
        self.approvals = Approvals(self.database)
        self.predictions = Predictions(self.database)
        self.history = History(self.database)
        self.queries = Queries(self.database)
        self.replays = Replays(self.database)
        self.replay_work = ReplayWork(self.database, settings.LEASE_SECONDS)
        self.outcomes = Outcomes(self.database)
        self.shadows = Shadows(self.database)
        self.alerts = Alerts(self.database)
        self.totals = Totals(self.database)
        self.retention = Retention(self.database)
        self.old_files = OldFiles(self.database)

    def close(self) -> None:
        """Close the connections of this process."""
        self.intake.close()
        self.predictions.close()
        self.database.close()
