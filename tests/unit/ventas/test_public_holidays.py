"""Public holidays by country, region and language."""

from datetime import date

import pytest

from ventas.public_holidays import checked_place, holidays_between

NEW_YEAR = (date(2026, 12, 30), date(2027, 1, 2))


def test_the_days_of_a_range_have_their_names_in_the_pages_language() -> None:
    assert holidays_between("AR", *NEW_YEAR, "es") == {date(2027, 1, 1): "Año Nuevo"}
    assert holidays_between("AR", *NEW_YEAR, "en") == {date(2027, 1, 1): "New Year's Day"}


def test_a_language_that_is_unknown_there_gives_the_countrys_own() -> None:
    assert holidays_between("BR", *NEW_YEAR, "es") == {date(2027, 1, 1): "Confraternização Universal"}


def test_both_ends_count_and_a_range_that_ends_before_it_begins_is_empty() -> None:
    christmas = date(2026, 12, 25)
    assert list(holidays_between("AR", christmas, christmas, "es")) == [christmas]
    assert holidays_between("AR", *reversed(NEW_YEAR), "es") == {}


def test_a_region_has_holidays_of_its_own() -> None:
    day = date(2026, 5, 2)
    assert day in holidays_between("ES-MD", day, day, "es")
    assert day not in holidays_between("ES-CT", day, day, "es")


def test_two_holidays_on_one_day_are_both_named() -> None:
    both = date(2026, 4, 2)
    assert " · Jueves Santo" in holidays_between("AR", both, both, "es")[both]


@pytest.mark.parametrize(("given", "known"), [("ar", "AR"), (" es-md ", "ES-MD"), ("ES", "ES")])
def test_a_place_is_known_in_any_case(given: str, known: str) -> None:
    assert checked_place(given) == known


@pytest.mark.parametrize("place", ["XX", "ES-XX", "Argentina", "-", ""])
def test_a_place_without_holidays_is_refused_saying_what_may_stand_there(place: str) -> None:
    with pytest.raises(ValueError, match="use an ISO code such as AR"):
        checked_place(place)
