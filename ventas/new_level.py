"""Evidence of a new level of sales: the last four weeks, as they look with all days before them known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ventas.contract import DATE
from ventas.roles import Roles
from ventas.scores import score
from ventas.tables import baselines
from ventas.training import refit

LATEST_DATES = 28  # four weeks, as far ahead as most are asked for
OUTGROWN = 1.5  # times a table's error; noise alone takes a month's error that far apart hardly ever


@dataclass(frozen=True)
class LatestWeeks:
    """Open `rows` of the last weeks, all rows `before` them, and the RMSE of the table that does best there."""

    rows: pd.DataFrame
    before: pd.DataFrame
    table: str
    table_rmse: float

    def rmse(self, estimator: Any) -> float:
        """The error of a fit in these weeks."""
        return score({"": estimator}, self.rows).rmse("")

    def outgrew(self, error: float) -> bool:
        """Whether an error in these weeks is far above that of the table."""
        return error > OUTGROWN * self.table_rmse


def latest_weeks(train: pd.DataFrame, test: pd.DataFrame, roles: Roles) -> LatestWeeks | None:
    """The last LATEST_DATES dates of `test`, all of which come after `train`; None where there are too few."""
    dates = np.sort(test[DATE].unique())
    if len(dates) < LATEST_DATES:
        return None
    first = dates[-LATEST_DATES]
    rows = test[(test[DATE] >= first) & roles.is_open(test)]
    if rows.empty:
        return None
    before = pd.concat([train, test[test[DATE] < first]], ignore_index=True)
    scores = score({name: refit(one, before) for name, one in baselines(roles).items()}, rows)
    table = min(scores.losses, key=scores.rmse)
    return LatestWeeks(rows, before, table, scores.rmse(table))
