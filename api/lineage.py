"""From a prediction back to the model, the dataset and the uploads behind it."""

from api.schemas_history import Lineage, LineageUpload
from ventas.dataset_keys import dataset_uri
from ventas.ledger import Ledger, Run
from ventas.ledger.history import Past

DATASETS = ("train.csv", "test.csv")


def lineage(ledger: Ledger, past: Past) -> Lineage:
    """What is behind a prediction; raises LedgerUnavailable."""
    row, outcome = past
    learned = ledger.queries.run_of_version(row.model_version)
    counts = outcome is not None and outcome.prediction_id == row.id
    told = ledger.runs.get(outcome.run_id) if outcome is not None and counts else None
    return Lineage(
        id=row.id,
        model_version=row.model_version,
        mlflow_run_id=learned.mlflow_run_id if learned else None,
        model=_upload(learned) if learned else None,
        actual=_upload(told) if told else None,
        counts=outcome.prediction_id if outcome else None,
        date=row.date,
        judged_at=outcome.judged_at if outcome and counts else None,
    )


def _is_kept(run: Run) -> bool:
    return run.dataset_at is not None and run.dataset_deleted_at is None and run.upload_deleted_at is None


def _upload(run: Run) -> LineageUpload:
    kept = [dataset_uri(run.id, name) for name in DATASETS] if _is_kept(run) else []
    return LineageUpload(
        id=run.id,
        bucket=run.bucket,
        key=run.key,
        version_id=run.version_id,
        uploaded_at=run.uploaded_at,
        rows=(run.quality or {}).get("rows_kept"),
        dataset=kept,
    )
