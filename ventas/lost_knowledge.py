"""Knowledge of a champion that a model of another file would not have: inputs, series, the newest days.

A small file can have a lower error than a large one and still be the worse model: whoever asks for a series that it
never saw, or for the days after those that it saw, is answered worse than before. What a run's file knows is its
quality report, and beside its dataset the sales of each series.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd
import structlog

from ventas.champion import scratch_folder
from ventas.contract import CONTRACT_COLUMNS, TARGET, normalised, shown
from ventas.dataset_keys import dataset_key
from ventas.errors import NotFound
from ventas.ledger import Ledger, Promotion, Run
from ventas.quality import Report
from ventas.remarks import Fact, Remark, remark
from ventas.roles import Roles
from ventas.settings import DATA_BUCKET, Settings
from ventas.split import dataset_parts
from ventas.store import Store

SERIES_FILE = "series.json"
COLUMNS_GONE = "columns_gone"  # what the head of a file already tells
TOLERATED_SHARE = 0.01  # of the series, and of their sales: stores close
EXAMPLES = 3
MOST_COLUMNS = 8  # that a sentence names
_DATASET_FILES = ("train.csv", "test.csv", "outliers.csv")
_ROWS = 500_000  # read at once

SeriesSales = dict[str, float]
log = structlog.get_logger()


@dataclass(frozen=True)
class Knowledge:
    """A file's quality report, and the sales of each of its series; None where these cannot be told."""

    report: Report
    series: SeriesSales | None = None


class KnowledgeBase:
    """Compares runs and versions by what their files know. Methods raise LedgerUnavailable and StoreUnavailable."""

    def __init__(self, settings: Settings, ledger: Ledger, store: Store):
        self._settings = settings
        self._ledger = ledger
        self._store = store

    def losses(self, champion: Promotion | None, offered: Knowledge) -> list[Remark]:
        """Knowledge of the champion that `offered` lacks; nothing where no run made the champion."""
        trained = self._ledger.queries.run_of_version(champion.model_version) if champion else None
        if champion is None or trained is None or not trained.quality or is_example(trained):
            return []
        return losses(champion.model_version, self.of_run(trained), offered)

    def losses_of_version(self, version: int, champion: Promotion | None) -> list[Remark]:
        """Knowledge of the champion that a registered version lacks."""
        if champion is None or champion.model_version == version:
            return []
        trained = self._ledger.queries.run_of_version(version)
        if trained is None or not trained.quality:
            return []
        return self.losses(champion, self.of_run(trained))

    def of_run(self, run: Run) -> Knowledge:
        """What a run's file knows."""
        report: Report = run.quality or {}
        return Knowledge(report, self._series(run) if report.get("series") else None)

    def _series(self, run: Run) -> SeriesSales | None:
        key = dataset_key(run.id, SERIES_FILE)
        try:
            text = self._store.get_bytes(DATA_BUCKET, key, max_bytes=sys.maxsize)
            series = {str(name): float(sales) for name, sales in json.loads(text).items()}
            if not all(map(isfinite, series.values())):
                raise ValueError("sales that are no finite number")
            return series
        except NotFound:
            return self._from_dataset(run)
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("series_unreadable", run_id=run.id, reason=str(error))
            return None

    def _from_dataset(self, run: Run) -> SeriesSales | None:
        """The sales by series of a dataset from before they were kept; None where its files are gone."""
        roles = Roles.of_report(run.quality)
        sums: SeriesSales = {}
        with scratch_folder(self._settings) as folder:
            for name in _DATASET_FILES:
                path = folder / name
                try:
                    self._store.download(DATA_BUCKET, dataset_key(run.id, name), None, path, sys.maxsize)
                except NotFound:
                    return None
                for part in dataset_parts(path, ["Fecha", roles.series, TARGET], _ROWS):
                    for series, sales in series_sales(part, roles).items():
                        sums[series] = sums.get(series, 0.0) + sales
        return sums


def is_example(run: Run | None) -> bool:
    """Whether a run's file is the bundled sample, which is nobody's rival."""
    return bool(run and (run.quality or {}).get("example"))


def series_sales(frame: pd.DataFrame, roles: Roles) -> SeriesSales:
    """The sum of sales by series; rows without one are not counted."""
    sums = frame[TARGET].groupby(roles.series_of(frame), observed=True).sum()
    return {str(name): float(sales) for name, sales in sums.items() if name}


def losses(version: int, known: Knowledge, offered: Knowledge) -> list[Remark]:
    """Knowledge of champion `version`, whose file is `known`, that a model of `offered` would not have."""
    columns = _lost_columns(known.report, offered.report)
    gone = ", ".join(map(shown, columns[:MOST_COLUMNS])) + (", …" if len(columns) > MOST_COLUMNS else "")
    remarks = [remark(COLUMNS_GONE, version=version, columns=gone)] if columns else []
    if known.report.get("series") not in ("", None, *columns):
        remarks += _lost_series(version, known, offered)
    return remarks + _lost_days(version, known.report, offered.report)


def losses_report(remarks: Sequence[Remark]) -> list[dict[str, Fact]]:
    """The losses as a verdict keeps them: each code with its facts."""
    return [{"code": loss.code, **loss.facts} for loss in remarks]


def _lost_columns(known: Report, offered: Report) -> list[str]:
    present = {normalised(name) for name in _inputs(offered)}
    return [name for name in _inputs(known) if normalised(name) not in present]


def _inputs(report: Report) -> list[str]:
    """Columns beyond the contract's that a model of the file reads."""
    columns: list[dict[str, Any]] = report.get("columns") or []
    return [
        str(column["name"])
        for column in columns
        if column["role"] != "left_out" and column["name"] not in CONTRACT_COLUMNS
    ]


def _lost_series(version: int, known: Knowledge, offered: Knowledge) -> list[Remark]:
    if known.series is None or offered.series is None:
        before, now = (int(one.report.get("series_count") or 0) for one in (known, offered))
        return [remark("series_fewer", version=version, known=before, found=now)] if now < before else []
    lost = [name for name in known.series if name not in offered.series]
    share = _share_of_sales(lost, known.series)
    if max(share, len(lost) / max(len(known.series), 1)) <= TOLERATED_SHARE:
        return []
    largest = sorted(lost, key=lambda name: -abs(known.series[name]) if known.series else 0.0)[:EXAMPLES]
    return [
        remark(
            "series_lost",
            version=version,
            known=len(known.series),
            lost=len(lost),
            share=max(round(100 * share), 1 if share else 0),
            examples=", ".join(map(shown, largest)) + (", …" if len(lost) > EXAMPLES else ""),
        )
    ]


def _share_of_sales(lost: Sequence[str], sales: Mapping[str, float]) -> float:
    total = sum(map(abs, sales.values()))
    return sum(abs(sales[name]) for name in lost) / total if total else 0.0


def _lost_days(version: int, known: Report, offered: Report) -> list[Remark]:
    before, now = ((report.get("dates") or {}).get("last") for report in (known, offered))
    if not before or not now or now >= before:  # ISO dates are in order as texts
        return []
    return [remark("days_lost", version=version, known=before, found=now)]
