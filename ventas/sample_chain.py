"""The sales of a made-up chain of stores, whose true mean is known: how good can any model be?

Every effect is a factor that follows from columns of the file, so a good model can learn it; what is left is
log-normal noise of a known size. Arrays have the shape (days, stores), so that their rows in order are those of
the file: by date, then by store.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ventas.contract import DATE, HOLIDAY, PROMOTION, TARGET, WEEKDAY
from ventas.sample_calendar import START, is_holiday

STORE, STORE_TYPE, REGION = "Tienda", "TipoTienda", "Región"
SCHOOL_HOLIDAY, PRICE, OPEN, CUSTOMERS = "FeriadoEscolar", "Precio", "Abierto", "Clientes"

NOISE = 0.10  # standard deviation of the logarithm of one store's sales on one day
SHOCK = 0.03  # the same of what all stores share on a day

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_TYPES = ("Barrio", "Centro", "Híper", "Ruta")
_TYPE_SHARES = (0.45, 0.25, 0.2, 0.1)
_TYPE_LEVELS = np.array([2500.0, 4000.0, 9000.0, 3200.0])
# Monday to Sunday by type: the quarter's shop lives from weekdays, the hypermarket from Saturdays.
_WEEK = np.array(
    [
        [1.05, 1.00, 1.00, 1.03, 1.10, 1.05, 0.70],
        [1.10, 1.05, 1.05, 1.10, 1.20, 0.85, 0.50],
        [0.85, 0.80, 0.82, 0.90, 1.10, 1.45, 1.25],
        [0.90, 0.88, 0.90, 0.95, 1.20, 1.15, 1.20],
    ]
)
_OPEN_ON_SUNDAYS = np.array([0.2, 0.1, 1.0, 1.0])  # share of the stores of a type
_OPEN_ON_HOLIDAYS = np.array([0.1, 0.2, 0.7, 1.0])
_ELASTICITY = np.array([1.0, 0.8, 1.5, 0.6])
_SCHOOL_EFFECT = np.array([0.97, 0.92, 1.05, 1.12])
_REGIONS = ("Centro", "Cuyo", "Litoral", "Norte", "Patagonia")
_SEASON = np.array([0.05, 0.03, 0.06, 0.02, 0.10])  # amplitude of the year by region
_WINTER_BREAK = np.array([190, 183, 190, 183, 197])  # day of the year on which two weeks without school start

_CLOSED_ALL = ((1, 1), (12, 25))  # nobody opens on these (month, day)
_HOLIDAY_EFFECT = 1.15  # of a store that opens
_EVES = (1.18, 1.08)  # one day and two days before a holiday
_PAY_DAYS = {1: 1.10, 2: 1.08, 3: 1.06, 4: 1.04, 5: 1.02}  # by day of the month
_CHRISTMAS = 0.30  # at its highest, on 22 December
_PROMOTION_RUNS = (3, 7)  # days, both included


@dataclass(frozen=True)
class Chain:
    """Made-up sales and their truth.

    frame: the rows as a file would hold them. expected: the true mean of Ventas of each row, shape (rows,), which
    is what a perfect model answers.
    """

    frame: pd.DataFrame
    expected: Floats


@dataclass(frozen=True)
class _Stores:
    """What each store is, arrays of shape (stores,); `kind` and `region` are places in _TYPES and _REGIONS."""

    kind: npt.NDArray[np.int64]
    region: npt.NDArray[np.int64]
    level: Floats
    trend: Floats
    uplift: Floats
    price: Floats
    ticket: Floats
    sundays: Bools
    holidays: Bools


def generate_chain(stores: int, days: int, seed: int, start: date = START, customers: bool = False) -> Chain:
    """Sales of `stores` stores on each of `days` days from `start` on; the same arguments give the same rows.

    Columns of the contract, then Tienda, TipoTienda, Región, FeriadoEscolar, Precio and Abierto; with `customers`
    also Clientes, which nobody knows in advance. Sales are 0 where Abierto is 0. Raises ValueError for fewer than
    one store or day.
    """
    if stores < 1 or days < 1:
        raise ValueError("stores and days must be at least 1")
    random = np.random.RandomState(seed)
    calendar = pd.date_range(start, periods=days, unit="ns")
    holiday = is_holiday(start, days + len(_EVES))
    chain = _draw_stores(stores, random)
    school = _school_holidays(calendar)[:, chain.region]
    promotion = _promotions(days, stores, random)
    price = _prices(days, chain, random)
    is_open = _open(calendar, holiday[:days], chain, random)
    mean = (
        chain.level
        * _calendar_factor(calendar, holiday, chain)
        * np.where(promotion, 1 + chain.uplift, 1.0)
        * np.where(school, _SCHOOL_EFFECT[chain.kind], 1.0)
        * (price / chain.price) ** -_ELASTICITY[chain.kind]
        * is_open
    )
    sales = np.rint(mean * _noise(days, stores, random))
    columns = {
        DATE: calendar.repeat(stores),
        WEEKDAY: (calendar.day_of_week.to_numpy() + 1).astype(np.int64).repeat(stores),
        PROMOTION: promotion.astype(np.int64).ravel(),
        HOLIDAY: holiday[:days].astype(np.int64).repeat(stores),
        TARGET: sales.astype(np.int64).ravel(),
        **_store_columns(chain, days),
        SCHOOL_HOLIDAY: school.astype(np.int64).ravel(),
        PRICE: price.ravel(),
        OPEN: is_open.astype(np.int64).ravel(),
    }
    if customers:
        columns[CUSTOMERS] = _customers(sales, chain, random).ravel()
    return Chain(pd.DataFrame(columns), mean.ravel())


def noise_floor(sales: npt.ArrayLike, expected: Floats, is_open: npt.ArrayLike) -> float:
    """RMSE of the perfect answer on open rows, in units of sales: no model can stay below it for long.

    All of shape (rows,); `is_open` is 0 or False on closed days.
    """
    counted = np.asarray(is_open).astype(bool)
    missed = np.asarray(sales, dtype=np.float64)[counted] - expected[counted]
    return float(np.sqrt(np.mean(missed**2)))


def _draw_stores(stores: int, random: np.random.RandomState) -> _Stores:
    kind = random.choice(len(_TYPES), size=stores, p=_TYPE_SHARES)
    return _Stores(
        kind=kind,
        region=random.randint(len(_REGIONS), size=stores),
        level=_TYPE_LEVELS[kind] * np.exp(random.normal(scale=0.3, size=stores)),
        trend=random.normal(0.03, 0.05, size=stores),
        uplift=random.uniform(0.05, 0.40, size=stores),
        price=random.uniform(80, 120, size=stores),
        ticket=random.uniform(8, 15, size=stores),
        sundays=random.uniform(size=stores) < _OPEN_ON_SUNDAYS[kind],
        holidays=random.uniform(size=stores) < _OPEN_ON_HOLIDAYS[kind],
    )


def _store_columns(chain: _Stores, days: int) -> dict[str, "pd.Series[Any]"]:
    ids = [f"T{number:04d}" for number in range(1, len(chain.kind) + 1)]
    texts = {
        STORE: (ids, np.arange(len(ids))),
        STORE_TYPE: (_TYPES, chain.kind),
        REGION: (_REGIONS, chain.region),
    }
    return {
        name: pd.Series(pd.Series(values, dtype="str").array.take(np.tile(codes, days)))
        for name, (values, codes) in texts.items()
    }


def _calendar_factor(calendar: pd.DatetimeIndex, holiday: Bools, chain: _Stores) -> Floats:
    """What the date alone does to each store; `holiday` reaches as many days further as there are eves."""
    days = len(calendar)
    day_of_year = calendar.day_of_year.to_numpy()[:, None]
    common = np.where(holiday[:days], _HOLIDAY_EFFECT, 1.0)
    for before, effect in reversed(list(enumerate(_EVES, start=1))):
        eve = holiday[before : days + before] & ~holiday[:days]
        common = np.where(eve, effect, common)
    common = common * pd.Series(calendar.day).map(_PAY_DAYS).fillna(1.0).to_numpy()
    common = common * (1 + _CHRISTMAS * np.exp(-(((day_of_year[:, 0] - 356) / 9) ** 2)))
    season = 1 + _SEASON[chain.region] * np.cos(2 * np.pi * (day_of_year - 15) / 365.25)
    trend = (1 + chain.trend) ** (np.arange(days)[:, None] / 365.25)
    week = _WEEK[chain.kind].T[calendar.day_of_week.to_numpy()]
    return np.asarray(common[:, None] * season * trend * week, dtype=np.float64)


def _school_holidays(calendar: pd.DatetimeIndex) -> Bools:
    """Days without school by region, shape (days, regions): summer for all, two weeks of winter for each its own."""
    day = calendar.day_of_year.to_numpy()[:, None]
    winter = (day >= _WINTER_BREAK) & (day < _WINTER_BREAK + 14)
    return np.asarray(winter | (day <= 59) | (day >= 352))


def _promotions(days: int, stores: int, random: np.random.RandomState) -> Bools:
    """Runs of several days: those of the whole chain, in which most stores join, and each store's own."""
    common = (random.uniform(size=days) < 0.04)[:, None] & (random.uniform(size=(days, stores)) < 0.8)
    starts = common | (random.uniform(size=(days, stores)) < 0.02)
    shortest, longest = _PROMOTION_RUNS
    lengths = random.randint(shortest, longest + 1, size=(days, stores))
    running = np.zeros((days, stores), dtype=bool)
    for later in range(min(longest, days)):
        running[later:] |= (starts & (lengths > later))[: days - later]
    return running


def _prices(days: int, chain: _Stores, random: np.random.RandomState) -> Floats:
    """Each store's price around its usual one, new after 30 days on average; in cents, as a file tells it."""
    stores = len(chain.price)
    changes = random.uniform(size=(days, stores)) < 1 / 30
    drawn = random.uniform(0.85, 1.15, size=(days, stores))
    changes[0] = True
    last_change = np.maximum.accumulate(np.where(changes, np.arange(days)[:, None], 0), axis=0)
    return np.asarray(np.round(chain.price * np.take_along_axis(drawn, last_change, axis=0), 2))


def _open(calendar: pd.DatetimeIndex, holiday: Bools, chain: _Stores, random: np.random.RandomState) -> Bools:
    days, stores = len(calendar), len(chain.kind)
    sunday = calendar.day_of_week.to_numpy() == 6
    nobody = np.isin(
        calendar.month.to_numpy() * 100 + calendar.day.to_numpy(), [m * 100 + d for m, d in _CLOSED_ALL]
    )
    is_open = (chain.sundays | ~sunday[:, None]) & (chain.holidays | ~holiday[:, None]) & ~nobody[:, None]
    # One store in ten is rebuilt once, for a month.
    rebuilt = random.uniform(size=stores) < 0.1
    first = random.randint(0, days, size=stores)
    since = np.arange(days)[:, None] - first
    return np.asarray(is_open & ~(rebuilt & (since >= 0) & (since < 30)))


def _noise(days: int, stores: int, random: np.random.RandomState) -> Floats:
    """Factors of mean 1, shape (days, stores): NOISE of each row's own, SHOCK of the day."""
    own = random.normal(scale=NOISE, size=(days, stores)) - NOISE**2 / 2
    shared = random.normal(scale=SHOCK, size=(days, 1)) - SHOCK**2 / 2
    return np.asarray(np.exp(own + shared), dtype=np.float64)


def _customers(sales: Floats, chain: _Stores, random: np.random.RandomState) -> npt.NDArray[np.int64]:
    """Sales by what a customer of the store usually pays: hardly known before the day is over."""
    per_customer = chain.ticket * np.exp(random.normal(scale=0.04, size=sales.shape))
    return np.ceil(sales / per_customer).astype(np.int64)
