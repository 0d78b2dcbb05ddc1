"""A request that does not say whether a shop is open takes what is usual of that shop on such a day."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io

from ventas.compiled.model import compiled
from ventas.contract import TARGET
from ventas.folds import inputs
from ventas.roles import Roles
from ventas.sample_chain import OPEN, generate_chain
from ventas.served import ServedModel, load_served, served_model
from ventas.tables import MEANS, table

CHAIN = Roles("Tienda", OPEN)
STORES, LEARNT_DAYS, ASKED_DAYS = 12, 500, 90


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    return generate_chain(STORES, LEARNT_DAYS + ASKED_DAYS, 7).frame


def learnt(frame: pd.DataFrame, roles: Roles = CHAIN) -> ServedModel:
    pipeline = table(MEANS, roles, offsets=[[-0.1, 0.2]] * 4, relative=True)
    return served_model(pipeline.fit(inputs(frame), frame[TARGET]), 1)


def week(store: str | None, holiday: int = 0) -> pd.DataFrame:
    """Monday to Sunday of one store, without the open column."""
    days = pd.date_range("2023-05-01", periods=7)
    rows = {"Fecha": days, "DíaDeLaSemana": days.day_of_week + 1, "Promociones": 0, "Festivo": holiday}
    return pd.DataFrame(rows | ({"Tienda": store} if store else {}))


def history(sundays: int = 60, **flags: object) -> pd.DataFrame:
    """Days of one store that is closed on Sundays, every 30th of them a holiday."""
    days = pd.date_range("2022-01-03", periods=7 * sundays)
    weekday = days.day_of_week.to_numpy() + 1
    frame = pd.DataFrame(
        {
            "Fecha": days,
            "DíaDeLaSemana": weekday,
            "Promociones": 0,
            "Festivo": (np.arange(len(days)) % 30 == 29).astype(int),
            "Tienda": "A",
            OPEN: (weekday < 7).astype(int),
        }
    ).assign(**flags)
    return frame.assign(Ventas=100.0 * frame[OPEN])


def open_days(model: ServedModel, frame: pd.DataFrame) -> list[int]:
    """1 for rows that are answered as open days; the compiled model has to agree."""
    answers = compiled(model).answers(
        [
            (row.drop("Fecha").to_dict(), row["Fecha"].date())
            for _, row in frame.astype({"Fecha": object}).iterrows()
        ]
    )
    values = model.forecast(frame).values
    assert np.allclose([value for value, _, _ in answers], values)
    assert ((values == 0) == model.closed_assumed(frame)).all()
    return (values > 0).astype(int).tolist()


def test_days_to_come_of_a_chain_are_closed_as_they_will_be(sales: pd.DataFrame) -> None:
    cut = STORES * LEARNT_DAYS
    model, later = learnt(sales.iloc[:cut]), sales.iloc[cut:].reset_index(drop=True)
    closed = (later[OPEN] == 0).to_numpy()
    assert closed.sum() > 80
    assumed = model.closed_assumed(inputs(later).drop(columns=OPEN))
    assert not (assumed & ~closed).any()
    assert (assumed & closed).sum() > 0.9 * closed.sum()
    assert (model.forecast(inputs(later).drop(columns=OPEN)).values[assumed] == 0).all()


def test_what_a_row_says_itself_is_believed() -> None:
    model = learnt(history())
    sunday = week("A").iloc[[6, 6, 6]].assign(**{OPEN: [1, np.nan, 0]})
    assert (model.forecast(sunday).values > 0).tolist() == [True, False, False]
    assert model.closed_assumed(sunday).tolist() == [False, True, False]


def test_a_shop_is_closed_on_its_own_weekdays_and_holidays() -> None:
    feasts = history()["Festivo"] == 1
    sundays = history(60, Tienda="B")
    never = history(60, Tienda="C").assign(**{OPEN: 1, TARGET: 100.0})
    shut = sundays.assign(**{OPEN: sundays[OPEN].where(~feasts, 0)})
    model = learnt(pd.concat([history(), shut.assign(Ventas=100.0 * shut[OPEN]), never], ignore_index=True))
    assert open_days(model, week("A")) == open_days(model, week("A", holiday=1)) == [1, 1, 1, 1, 1, 1, 0]
    assert open_days(model, week("B")) == [1, 1, 1, 1, 1, 1, 0]
    assert open_days(model, week("B", holiday=1)) == [0] * 7
    assert open_days(model, week("C", holiday=1)) == [1] * 7


def test_an_unknown_shop_is_closed_only_where_nearly_all_are() -> None:
    other = history(60, Tienda="B")
    model = learnt(pd.concat([history(), other], ignore_index=True))
    assert open_days(model, week("Z")) == open_days(model, week(None)) == [1, 1, 1, 1, 1, 1, 0]
    opens = other.assign(**{OPEN: 1, TARGET: 100.0})
    model = learnt(pd.concat([history(), opens], ignore_index=True))
    assert open_days(model, week("Z")) == open_days(model, week(None)) == [1] * 7


def test_a_shop_of_few_days_is_taken_as_the_others_are() -> None:
    new = history(2, Tienda="B").assign(**{OPEN: 1, TARGET: 100.0})
    model = learnt(pd.concat([history(), new], ignore_index=True))
    assert open_days(model, week("B"))[6] == 0


def test_a_shop_that_opens_on_sundays_of_late_is_open() -> None:
    frame = history(120)
    late = frame["Fecha"] > frame["Fecha"].max() - pd.Timedelta(days=28)
    frame[OPEN] = frame[OPEN].where(~late, 1)
    model = learnt(frame.assign(Ventas=100.0 * frame[OPEN]))
    assert open_days(model, week("A")) == [1] * 7


def test_a_date_on_which_all_close_every_year_is_closed() -> None:
    frame = pd.concat([history(110), history(110, Tienda="B")], ignore_index=True)
    new_year = frame["Fecha"].dt.strftime("%m-%d") == "01-05"  # a Wednesday, a Thursday and a Friday
    rebuilt = frame["Fecha"].between("2022-03-01", "2022-03-31")
    frame[OPEN] = frame[OPEN].where(~new_year & ~rebuilt, 0)
    model = learnt(frame.assign(Ventas=100.0 * frame[OPEN]))
    days = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-03-12"])
    asked = pd.DataFrame({"Fecha": days, "DíaDeLaSemana": days.day_of_week + 1, "Tienda": "A"})
    assert open_days(model, asked.assign(Promociones=0, Festivo=0)) == [0, 1, 1]
    unknown = asked.iloc[:1].assign(Promociones=0, Festivo=0, Fecha=pd.NaT)
    assert model.closed_assumed(unknown).tolist() == [False]


def test_one_shop_without_a_column_of_series_has_its_days_too() -> None:
    model = learnt(history().drop(columns="Tienda"), Roles("", OPEN))
    assert open_days(model, week(None)) == [1, 1, 1, 1, 1, 1, 0]


def test_rows_of_training_that_say_nothing_teach_as_open_days() -> None:
    frame = history()
    gaps = frame.assign(**{OPEN: frame[OPEN].where(frame.index % 5 != 0)})
    features = learnt(gaps).estimator.named_steps["features"]
    assert features.columns_.opened(gaps)[gaps[OPEN].isna()].all()


def test_what_was_learnt_is_saved_and_a_champion_without_it_answers_as_before(tmp_path: Path) -> None:
    model = learnt(history())
    path = tmp_path / "model.skops"
    skops.io.dump(model.estimator, path)
    loaded = load_served(path, 1)
    assert loaded.closed_assumed(week("A")).tolist() == [False] * 6 + [True]
    del loaded.estimator.named_steps["features"].columns_.usually_open_
    skops.io.dump(loaded.estimator, path)
    old = load_served(path, 1)
    assert open_days(old, week("A")) == [1] * 7
    assert old.open_known(week("A")) is not None
