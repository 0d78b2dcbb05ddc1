"""Step two: a dataset becomes a challenger, a version of the registered model."""

import pandas as pd
from sklearn.pipeline import Pipeline

from ventas.contract import TARGET
from ventas.ledger import Lease, Run
from ventas.logbook import Training, log_training
from ventas.pipeline.context import Context, dataset_key, dataset_uri
from ventas.pipeline.runner import Outcome
from ventas.settings import DATA_BUCKET
from ventas.split import read_dataset
from ventas.states import RunStatus
from ventas.training import Search, evaluate, refit, search


def retrain(context: Context, lease: Lease) -> Outcome:
    """Search, measure, log and register. Raises StoreUnavailable, RegistryUnavailable and LeaseLost."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    known = context.registry.of_pipeline_run(run.id)
    if known is None:
        return _registered(context, lease, run)
    mlflow_run_id = context.registry.version(known).run_id  # an earlier attempt got this far
    return Outcome(
        RunStatus.PROMOTE, {"model_version": known, "mlflow_run_id": mlflow_run_id, "reason": None}
    )


def _registered(context: Context, lease: Lease, run: Run) -> Outcome:
    train, test = (dataset(context, run.id, name) for name in ("train", "test"))
    found = search(
        train, context.settings, lambda done, total: context.ledger.runs.progress(lease, done, total)
    )
    training = Training(
        found=found,
        refitted=_refitted(context, run, found, train, test),
        metrics=evaluate(found.estimator, test),
        train=train,
        test=test,
        tags=_tags(run),
        digest=run.sha256 or "",
        source=dataset_uri(run.id, "train.csv"),
    )
    context.ledger.runs.renew(lease)  # whoever lost the lease meanwhile must not register
    logged = log_training(context.registry, training, run.id, context.settings)
    return Outcome(
        RunStatus.PROMOTE,
        {"model_version": logged.version, "mlflow_run_id": logged.mlflow_run_id, "reason": None},
    )


def dataset(context: Context, run_id: str, name: str) -> pd.DataFrame:
    """`train` or `test` of a run."""
    return read_dataset(context.store.get_bytes(DATA_BUCKET, dataset_key(run_id, f"{name}.csv")))


def _refitted(
    context: Context, run: Run, found: Search, train: pd.DataFrame, test: pd.DataFrame
) -> Pipeline | None:
    """The winning recipe on all rows, test too, but for outliers by train's fences: what is served if it wins.

    It is made here rather than after the promotion, so that the swap waits for no fit.
    """
    if context.settings.REFIT == "off":
        return None
    fences = (run.quality or {}).get("outliers", {})
    usual = test[test[TARGET].between(fences.get("low", -float("inf")), fences.get("high", float("inf")))]
    return refit(found.estimator, pd.concat([train, usual], ignore_index=True))


def _tags(run: Run) -> dict[str, str]:
    """What leads back from MLflow to the upload."""
    return {
        "ventas.bucket": run.bucket,
        "ventas.key": run.key,
        "ventas.version_id": run.version_id,
        "ventas.etag": run.etag,
        "ventas.run_id": run.id,
        "ventas.sha256": run.sha256 or "",
    }
