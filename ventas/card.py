"""What a model card tells of a training; `ventas.card_files` writes it, and adds the verdict later."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import DATE, TARGET
from ventas.promotion import CHALLENGER, Case
from ventas.scores import score
from ventas.segments import SERIES, segment_table
from ventas.training import Metrics, Search, inputs

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
            "family": made.found.family,
            "table_note": made.found.table_note,
            "replaced": asdict(made.found.replaced) if made.found.replaced else None,
            "stopped": made.found.stopped,
            "chosen": {name: _plain(value) for name, value in made.found.params.items()},
            "leaderboard": made.found.leaderboard,
        },
        "errors": {
            "cv_rmse": made.found.cv_mse**0.5,
            "test_rmse": made.metrics.rmse,
            "test_r2": made.metrics.r2,
            "test_coverage": made.metrics.coverage,
            "interval_coverage": case.settings.INTERVAL_COVERAGE,
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
