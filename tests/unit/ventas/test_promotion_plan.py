"""What the rows of a table tell of the promotions around each day."""

import pandas as pd

from ventas.promotion_plan import DAY_OF, LENGTH, PLAN_COLUMNS, REACH_DAYS, SINCE, UNTIL, with_plan
from ventas.roles import Roles


def table(flags: list[int], start: str = "2024-03-01") -> pd.DataFrame:
    dates = pd.date_range(start, periods=len(flags), unit="ns")
    return pd.DataFrame({"Fecha": dates, "Promociones": flags})


def test_days_count_from_the_promotions_on_both_sides() -> None:
    plan = with_plan(table([0, 0, 1, 1, 0, 0, 0, 1, 0]), Roles())
    assert plan[SINCE].fillna(-1).tolist() == [-1, -1, -1, 1, 1, 2, 3, 4, 1]
    assert plan[UNTIL].fillna(-1).tolist() == [2, 1, 1, 4, 3, 2, 1, -1, -1]
    assert plan[DAY_OF].tolist() == [0, 0, 1, 2, 0, 0, 0, 1, 0]
    assert plan[LENGTH].tolist() == [0, 0, 2, 2, 0, 0, 0, 1, 0]


def test_a_promotion_at_the_edge_may_have_begun_before_it_or_go_on_after_it() -> None:
    plan = with_plan(table([1, 1, 0, 0, 1]), Roles())
    assert plan[DAY_OF].isna().tolist() == [True, True, False, False, False]
    assert plan[LENGTH].isna().tolist() == [True, True, False, False, True]


def test_without_a_promotion_in_sight_it_is_far_away_once_that_is_known() -> None:
    plan = with_plan(table([0] * 40), Roles())
    assert plan[SINCE].isna().tolist() == [True] * REACH_DAYS + [False] * (40 - REACH_DAYS)
    assert plan[SINCE].max() == plan[UNTIL].max() == REACH_DAYS


def test_a_row_alone_tells_nothing_of_other_days() -> None:
    for flag in (0, 1):
        assert with_plan(table([flag]), Roles())[list(PLAN_COLUMNS)].isna().all(axis=None)


def test_series_do_not_see_each_other_whatever_the_order_of_rows() -> None:
    one, two = table([0, 0, 1, 0, 0, 1]).assign(Tienda="a"), table([0, 1, 0, 0, 0, 0]).assign(Tienda="b")
    both = pd.concat([one, two], ignore_index=True).sample(frac=1, random_state=3)
    plan = with_plan(both, Roles("Tienda"))
    for alone, name in ((one, "a"), (two, "b")):
        own = plan[plan["Tienda"] == name].sort_values("Fecha")[list(PLAN_COLUMNS)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, with_plan(alone, Roles("Tienda"))[list(PLAN_COLUMNS)])


def test_rows_without_a_date_and_columns_of_the_file_stay_as_they_are() -> None:
    frame = table([0, 1, 0]).assign(**{SINCE: [7.0, 8.0, 9.0]})
    frame.loc[1, "Fecha"] = pd.NaT
    plan = with_plan(frame, Roles())
    assert plan[SINCE].tolist() == [7.0, 8.0, 9.0]
    assert plan.loc[1, [UNTIL, DAY_OF, LENGTH]].isna().all()
    assert "DíaDePromoción" not in frame
