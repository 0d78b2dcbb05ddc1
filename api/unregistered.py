"""A version that was champion and that somebody has deleted in MLflow: what the ledger knows of it."""

from datetime import datetime

import structlog

from ventas.errors import LedgerUnavailable
from ventas.ledger import Ledger
from ventas.registry import ModelVersion

log = structlog.get_logger()


def unregistered(ledger: Ledger, version: int, since: datetime) -> ModelVersion:
    """A version without aliases, figures and files; made at `since` where the ledger cannot tell better."""
    try:
        run = ledger.queries.run_of_version(version)
    except LedgerUnavailable as error:
        log.warning("run_unknown", version=version, reason=str(error))
        run = None
    return ModelVersion(
        version=version,
        aliases=(),
        stage="",
        metrics={},
        params={},
        run_id=(run and run.mlflow_run_id) or "",
        pipeline_run_id=run.id if run else None,
        created_at=(run and run.finished_at) or since,
        tags={},
        is_ours=False,
        missing="version",
    )
