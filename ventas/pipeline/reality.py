"""Part of etl: the rows of a new upload judge what had been forecast for them, and raise alerts.

All of it may be done twice: outcomes are kept by upserts, an alert is raised once for its cause, and an action
that was cut short is due until it has been taken.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from math import isnan
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import structlog

from ventas.alarms import action_of, drifted, live_error, overtaken
from ventas.contract import DATE
from ventas.dataset_keys import dataset_key
from ventas.drift import drift, profile
from ventas.errors import NotFound
from ventas.ledger import Run
from ventas.ledger.alerts import NewAlert
from ventas.ledger.outcomes import FORECAST_COLUMNS, LiveError, OutcomeFilter, Upload
from ventas.pipeline.context import Context
from ventas.pipeline.datasets import dataset
from ventas.pipeline.reacting import react
from ventas.reality import ONE_FORECAST, actuals, came_true, contradicted
from ventas.roles import Roles
from ventas.settings import DATA_BUCKET
from ventas.times import utc_now

log = structlog.get_logger()
PROFILE = "profile.json"
_OUTCOME_KEY = ("id", *ONE_FORECAST, "shadow")


def face_reality(context: Context, run: Run, frame: pd.DataFrame, roles: Roles) -> None:
    """Keep what came true by the clean rows of `run` (`frame`), raise alerts and act on them.

    Raises LedgerUnavailable, StoreUnavailable, and RegistryUnavailable where an action needs MLflow.
    """
    _judge(context, run, frame, roles)
    _raise_alerts(context, run, frame)
    react(context, run.id)


def _judge(context: Context, run: Run, frame: pd.DataFrame, roles: Roles) -> None:
    upload = Upload(run.id, run.uploaded_at or run.created_at, run.version_id)
    truth = actuals(frame, roles)
    first, last = frame[DATE].min().date(), frame[DATE].max().date()
    found = _came_true(context, truth, first, last)
    ids: list[int] = []
    for part in context.ledger.outcomes.older(first, last, upload):
        ids += contradicted(_table(part, _OUTCOME_KEY), truth, found)
    context.ledger.outcomes.remove(ids, upload)
    context.ledger.outcomes.write(_rows(found, upload))
    if len(found):
        log.info("came_true", run_id=run.id, forecasts=len(found))


def _came_true(context: Context, truth: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Served forecasts and the shadow's, those that count."""
    zone = ZoneInfo(context.settings.BUSINESS_TIMEZONE)
    found = []
    for shadow in (False, True):
        parts = context.ledger.outcomes.forecasts(first, last, shadow=shadow)
        tables = (_table(part, FORECAST_COLUMNS).astype({"low": float, "high": float}) for part in parts)
        found.append(came_true(tables, truth, zone).assign(shadow=shadow))
    return pd.concat([part for part in found if len(part)] or found, ignore_index=True)


def _table(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Rows of the ledger as a table whose `date` is as in a dataset."""
    table = pd.DataFrame([tuple(row) for row in rows], columns=list(columns))
    return table.assign(date=pd.to_datetime(table["date"]).astype("datetime64[ns]"))


def _rows(found: pd.DataFrame, upload: Upload) -> Iterable[dict[str, Any]]:
    told = vars(upload) | {"judged_at": utc_now()}
    if found.empty:
        return
    columns = {str(name): found[name].tolist() for name in found.columns.drop(["created_at", "date"])}
    columns["date"] = found["date"].dt.date.tolist()
    for bound in ("low", "high"):  # missing is None to the ledger, not NaN
        columns[bound] = [None if isnan(value) else value for value in columns[bound]]
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True)) | told


def _raise_alerts(context: Context, run: Run, frame: pd.DataFrame) -> None:
    head = context.ledger.promotions.head()
    if head is None:
        return
    champion, settings = head.model_version, context.settings
    alerts = [
        *_of_errors(context, champion),
        *drifted(champion, _drift(context, champion, frame), frame.columns, settings),
    ]
    for alert in alerts:
        action = action_of(alert, settings)
        if context.ledger.alerts.raise_once(alert, run.id, action):
            log.warning("alert", kind=alert.kind, run_id=run.id, action=action, message=alert.message)


def _of_errors(context: Context, champion: int) -> Iterator[NewAlert]:
    """Alerts of the last ALERT_WINDOW_DAYS days that came true, lest a good past hides a bad present."""
    settings, outcomes = context.settings, context.ledger.outcomes
    ever = _served_error(context, OutcomeFilter(model_version=champion))
    if ever is None:
        return
    since = ever.last - timedelta(days=settings.ALERT_WINDOW_DAYS - 1)
    yield from overtaken(champion, outcomes.rivalries(champion, since), settings)
    recent = _served_error(context, OutcomeFilter(model_version=champion, since=since))
    yield from live_error(recent, settings)


def _served_error(context: Context, wanted: OutcomeFilter) -> LiveError | None:
    live = context.ledger.outcomes.errors(wanted)
    return next((one for one in live if not one.shadow), None)


def _drift(context: Context, champion: int, frame: pd.DataFrame) -> dict[str, float]:
    """The PSI of each column against the champion's training rows; empty where those are not known."""
    trained = context.ledger.queries.run_of_version(champion)
    known = _profile(context, trained.id) if trained else None
    return drift(known, frame) if known else {}


def _profile(context: Context, run_id: str) -> dict[str, Any] | None:
    """What etl kept of the training rows; made of the rows where the run is older than profiles."""
    try:
        data = context.store.get_bytes(DATA_BUCKET, dataset_key(run_id, PROFILE), max_bytes=sys.maxsize)
        known: dict[str, Any] = json.loads(data)
        return known
    except NotFound:
        pass
    try:
        return profile(dataset(context, run_id, "train"), context.settings.LEFT_OUT_COLUMNS)
    except NotFound:
        return None
