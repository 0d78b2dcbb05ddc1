"""The model card: all that is known of a version, as JSON for programs and as Markdown for people.

It is written in two moves: at training all but the verdict, at promotion the verdict is added.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import structlog

from ventas.card_text import markdown
from ventas.contract import DATE, TARGET
from ventas.promotion import CHALLENGER, Case
from ventas.registry import ModelVersion, Registry
from ventas.scores import score
from ventas.segments import SERIES, segment_table
from ventas.training import Metrics, Search, inputs
from ventas.verdict import finite

log = structlog.get_logger()

CARD_JSON, CARD_MARKDOWN = "card/model_card.json", "card/model_card.md"
IMPORTANCE_ROWS = 2000


@dataclass(frozen=True)
class Made:
    """What a card tells of a training beside its rows; `digest` is that of the uploaded bytes."""

    found: Search
    metrics: Metrics
    digest: str
    recipe_digest: str


def model_card(made: Made, case: Case) -> dict[str, Any]:
    """All but the verdict; errors on the open test rows, which the judged fit has not seen."""
    rows = case.opened
    fit = made.found.estimator
    scores = score({CHALLENGER: fit, **case.baselines()}, rows)
    table = segment_table(rows, scores.losses[CHALLENGER], None, case.roles)
    return {
        "data": {"train": _described(case.train, case), "test": _described(case.test, case)},
        "columns": {str(name): str(kind) for name, kind in case.train.dtypes.items()},
        "digest": {"upload_sha256": made.digest, "recipe_sha256": made.recipe_digest},
        "settings": case.settings.recipe(),
        "search": {
            "candidates": made.found.candidates,
            "chosen": {name: _plain(value) for name, value in made.found.params.items()},
            "leaderboard": made.found.leaderboard,
        },
        "errors": {
            "cv_rmse": made.found.cv_mse**0.5,
            "test_rmse": made.metrics.rmse,
            "test_r2": made.metrics.r2,
            "baselines": {name: scores.rmse(name) for name in scores.losses if name != CHALLENGER},
        },
        "segments": [one.as_dict() for one in table.segments if one.segment != SERIES],
        "importance": importance(fit, rows, case.settings.SEED),
        "verdict": None,
    }


def importance(estimator: Any, rows: pd.DataFrame, seed: int) -> dict[str, float]:
    """By raw column, by how much RMSE grows when its values are shuffled among IMPORTANCE_ROWS rows at most.

    The greatest comes first; about 0 is a column that the model does without. Empty where there is no row.
    """
    if rows.empty:
        return {}
    rng = np.random.default_rng(seed)
    some = rows.sample(min(IMPORTANCE_ROWS, len(rows)), random_state=seed)
    asked, actual = inputs(some), some[TARGET].to_numpy(dtype=np.float64)

    def error(frame: pd.DataFrame) -> float:
        return float(np.sqrt(np.mean((actual - estimator.predict(frame)) ** 2)))

    plain = error(asked)
    grown = {
        str(name): error(asked.assign(**{str(name): asked[name].to_numpy()[rng.permutation(len(asked))]}))
        - plain
        for name in asked.columns
    }
    return dict(sorted(grown.items(), key=lambda pair: -pair[1]))


def card_files(card: Mapping[str, Any]) -> dict[str, str]:
    """The card's two files by the name of their artifact."""
    as_json = json.dumps(finite(dict(card)), ensure_ascii=False, indent=2, default=str)
    return {CARD_JSON: as_json, CARD_MARKDOWN: markdown(json.loads(as_json))}


def add_verdict(registry: Registry, version: ModelVersion, verdict: Mapping[str, Any], folder: Path) -> None:
    """Write the verdict into a version's card, by way of `folder`; a card that cannot be had is only logged."""
    try:
        card = json.loads(registry.download(version, CARD_JSON, folder).read_text("utf-8"))
        for name, text in card_files(card | {"verdict": dict(verdict)}).items():
            registry.log_text(version, text, name)
    except Exception as error:  # noqa: BLE001 - the verdict is committed, and must stand whatever a card is like
        log.warning("verdict_not_on_card", version=version.version, reason=f"{type(error).__name__}: {error}")


def _described(frame: pd.DataFrame, case: Case) -> dict[str, Any]:
    series = case.roles.series_of(frame)
    return {
        "rows": len(frame),
        "first": f"{frame[DATE].min():%Y-%m-%d}",
        "last": f"{frame[DATE].max():%Y-%m-%d}",
        "dates": int(frame[DATE].nunique()),
        "series": int(series.nunique()),
        "rows_closed": len(frame) - int(case.roles.is_open(frame).sum()),
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
