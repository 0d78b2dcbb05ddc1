"""Step two: a dataset becomes a challenger, a version of the registered model."""

from concurrent.futures import ThreadPoolExecutor
from math import inf
from time import monotonic
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from ventas import tracing
from ventas.card import Made, model_card
from ventas.challenger import train_challenger
from ventas.dataset_keys import dataset_uri
from ventas.errors import NotFound
from ventas.judged_rows import judged_rows
from ventas.ledger import Lease, Run
from ventas.logbook import Registered, confirm, disown, forget_attempts, log_training
from ventas.pipeline.coalescing import superseded
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.runner import Outcome
from ventas.pipeline.same_bytes import judged_already
from ventas.promotion import Case
from ventas.registry import RECIPE_TAG
from ventas.roles import Roles
from ventas.states import RunStatus, Step
from ventas.training import Metrics, Progress, Search, evaluate, refit
from ventas.training_files import Description, Training

PROGRESS_SECONDS = 0.25  # a person sees no more of it


def retrain(context: Context, lease: Lease) -> Outcome:
    """Search, measure, log and register. Raises StoreUnavailable, RegistryUnavailable and LeaseLost."""
    run = context.ledger.runs.get(lease.run_id)
    assert run is not None  # it is leased
    again = _tried_before(context, run)
    made = _made_before(context, run) if again else None
    if made is None:
        if (outcome := superseded(context, run) or judged_already(context, run)) is not None:
            return outcome
        made = _registered(context, lease, run, again=again)
    else:
        _take(context, lease, made)
        confirm(context.registry, made.version, run.id)
    return Outcome(RunStatus.PROMOTE, _columns(made) | {"reason": None})


def _made_before(context: Context, run: Run) -> Registered | None:
    """What an earlier attempt of this run registered; one made with other settings, or without files, is let go."""
    known = run.model_version or context.registry.of_pipeline_run(run.id)
    if known is None:
        return None
    try:
        described = context.registry.version(known)
    except NotFound:  # somebody has deleted it meanwhile
        return None
    is_of_recipe = described.tags.get(RECIPE_TAG, run.recipe_digest) == run.recipe_digest
    if is_of_recipe and not described.missing:
        return Registered(described.run_id, known)
    disown(context.registry, known)
    return None


def _tried_before(context: Context, run: Run) -> bool:
    """Whether an earlier attempt of this run may have left something in MLflow; the ledger has all starts."""
    return sum(one.step == Step.RETRAIN for one in context.ledger.runs.attempts(run.id)) > 1


def _take(context: Context, lease: Lease, made: Registered) -> None:
    """Say in the ledger that this version is the run's; raises LeaseLost. It is what decides between attempts."""
    context.ledger.runs.note(lease, **_columns(made))


def _columns(made: Registered) -> dict[str, Any]:
    return {"model_version": made.version, "mlflow_run_id": made.mlflow_run_id}


def _registered(context: Context, lease: Lease, run: Run, *, again: bool) -> Registered:
    """Train and register; `again` says that an earlier attempt may have left something to be let go."""
    train, test = (dataset(context, run.id, name) for name in ("train", "test"))
    roles = Roles.of_report(run.quality)
    case = Case(train, test, context.settings, roles)
    found = train_challenger(case, _progress(context, lease))
    metrics = evaluate(found.estimator, test, roles)
    # Whoever lost the lease meanwhile learns so here, and need not upload.
    context.ledger.runs.note(lease, test_rmse=metrics.rmse)
    if again:
        forget_attempts(context.registry, run.id)
    with ThreadPoolExecutor(1) as pool:
        training = Training(
            found=found,
            metrics=metrics,
            train=train,
            description=pool.submit(_described, context, run, found, metrics, case),
            tags=_tags(run),
            digest=run.sha256 or "",
            recipe_digest=run.recipe_digest or "",
            source=dataset_uri(run.id, "train.csv"),
        )
        return log_training(
            context.registry, training, run.id, context.settings, lambda made: _take(context, lease, made)
        )


def _progress(context: Context, lease: Lease) -> Progress:
    """Tells the ledger of the search's progress, but not of each of many quick candidates."""
    told_at = -inf

    def tell(done: int, total: int) -> None:
        nonlocal told_at
        if done == total or monotonic() - told_at >= PROGRESS_SECONDS:
            context.ledger.runs.progress(lease, done, total)
            told_at = monotonic()

    return tell


def _described(context: Context, run: Run, found: Search, metrics: Metrics, case: Case) -> Description:
    return Description(
        refitted=_refitted(context, run, found, case),
        card=model_card(Made(found, metrics, run.sha256 or "", run.recipe_digest or ""), case),
        judged=judged_rows(found.estimator, case.opened, case.roles),
    )


def _refitted(context: Context, run: Run, found: Search, case: Case) -> Pipeline | None:
    """The winning recipe on all good rows: train, the outliers taken out of it, and test. Served if it wins.

    What lies outside train's fences may be a level that lasts, and the newest rows tell most of what comes next.
    It is made here rather than after the promotion, so that the swap waits for no fit.
    """
    if context.settings.REFIT == "off":
        return None
    parts = [case.train, *_outliers(context, run), case.test]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return refit(found.estimator, rows)


def _outliers(context: Context, run: Run) -> list[pd.DataFrame]:
    try:
        return [dataset(context, run.id, "outliers")]
    except NotFound:  # a dataset of an earlier release, which kept none
        return []


def _tags(run: Run) -> dict[str, str]:
    """What leads back from MLflow to the upload."""
    return {
        "ventas.bucket": run.bucket,
        "ventas.key": run.key,
        "ventas.version_id": run.version_id,
        "ventas.etag": run.etag,
        "ventas.run_id": run.id,
        "ventas.sha256": run.sha256 or "",
        **tracing.tags(),
    }
