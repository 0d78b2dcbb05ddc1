"""The ledger: events, runs, steps, promotions and predictions, in one SQL database."""

from ventas.ledger.database import Database
from ventas.ledger.events import UploadEvent
from ventas.ledger.ledger import Ledger
from ventas.ledger.runs import Lease
from ventas.ledger.tables import Event, Prediction, Promotion, Replay, Run, StepAttempt

__all__ = [
    "Database",
    "Event",
    "Lease",
    "Ledger",
    "Prediction",
    "Promotion",
    "Replay",
    "Run",
    "StepAttempt",
    "UploadEvent",
]
