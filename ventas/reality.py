"""What came true: the sales of a new upload, joined with what had been forecast for them.

Only a forecast counts that was made before its day, for a day that was named, and with the promotion and the
holiday that then happened; of several by one version the latest. Plain tables in, plain tables out.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET
from ventas.roles import Roles

KEY = ["date", "series"]
ONE_FORECAST = ["model_version", "series", "date"]


def actuals(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """What was sold, one row for each day and series: date, series, actual, promotion, holiday, open.

    Rows that share day and series are left out: nothing says which of them a forecast was for.
    """
    truth = pd.DataFrame(
        {
            "date": frame[DATE].to_numpy(),
            "series": roles.series_of(frame).to_numpy(),
            "actual": frame[TARGET].to_numpy(),
            "promotion": frame[PROMOTION].to_numpy(),
            "holiday": frame[HOLIDAY].to_numpy(),
            "open": roles.is_open(frame),
        }
    )
    return truth[~truth.duplicated(KEY, keep=False)]


def came_true(forecasts: Iterable[pd.DataFrame], truth: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """The forecasts that count, with `actual` and `weekday` (1 Monday to 7 Sunday).

    Parameters
    ----------
    forecasts: parts of at most some 100,000 rows with the columns of `Outcomes.forecasts`; `date` is datetime64.
    truth: as `actuals` gives it.
    zone: where the business is; a forecast made on its own day there comes too late.
    """
    judged = truth[truth["open"]].drop(columns="open")
    parts = [_counting(part, judged, zone) for part in forecasts]
    if not parts:
        return pd.DataFrame()
    found = _latest(pd.concat(parts, ignore_index=True))
    return found.assign(weekday=found["date"].dt.day_of_week + 1)


def _counting(forecasts: pd.DataFrame, truth: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    made = pd.to_datetime(forecasts["created_at"], utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    in_time = forecasts[made.dt.normalize() < forecasts["date"]]
    return _latest(in_time.merge(truth, on=[*KEY, "promotion", "holiday"]))


def _latest(forecasts: pd.DataFrame) -> pd.DataFrame:
    ordered = forecasts.sort_values(["created_at", "prediction_id"], kind="stable")
    return ordered.drop_duplicates(ONE_FORECAST, keep="last")


def contradicted(outcomes: pd.DataFrame, truth: pd.DataFrame, found: pd.DataFrame) -> list[int]:
    """Ids of earlier outcomes whose day and series `truth` has, but that do not count by it any more.

    `outcomes` has the columns id, model_version, series, date (datetime64) and shadow; `found` those and more.
    """
    retold = outcomes.merge(truth[KEY], on=KEY)
    if found.empty:
        return [int(number) for number in retold["id"]]
    key = [*ONE_FORECAST, "shadow"]
    matched = retold.merge(found[key], on=key, how="left", indicator=True)
    return [int(number) for number in matched.loc[matched["_merge"] == "left_only", "id"]]
