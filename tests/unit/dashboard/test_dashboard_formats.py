"""Numbers, dates and durations as a Spanish spreadsheet writes them."""

import pytest

from dashboard import formats

ZONE = "America/Argentina/Buenos_Aires"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1605.2, 2, "1.605,20"),
        (0, 2, "0,00"),
        (-1234567.891, 1, "−1.234.567,9"),
        (999.995, 0, "1.000"),
        (-0.001, 2, "0,00"),
        (None, 2, "—"),
    ],
)
def test_numbers(value: float | None, decimals: int, text: str) -> None:
    assert formats.number(value, decimals) == text


def test_shares_and_counts() -> None:
    assert formats.share(0.0146) == "1,5 %"
    assert formats.share(None) == "—"
    assert formats.counted(1, "fila", "filas") == "1 fila"
    assert formats.counted(2190, "fila", "filas") == "2.190 filas"


def test_a_moment_is_shown_in_the_business_zone() -> None:
    assert formats.clock("2026-12-01T02:30:00Z", ZONE) == "30/11/2026 23:30"
    assert formats.clock("2026-12-01T02:30:00.123456Z", "Europe/Madrid") == "01/12/2026 03:30"
    assert formats.clock(None, ZONE) == "—"


def test_days() -> None:
    assert formats.day("2026-11-30") == "30/11/2026"
    assert formats.day(None) == "—"
    assert formats.long_day("2026-11-30") == "lunes 30 de noviembre de 2026"
    assert formats.long_day("2028-02-29") == "martes 29 de febrero de 2028"


@pytest.mark.parametrize(("value", "name"), [(1, "Lunes"), (7, "Domingo"), (0, "—"), (8, "—"), (None, "—")])
def test_weekdays(value: int | None, name: str) -> None:
    assert formats.weekday(value) == name


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1.023 bytes"),
        (39112, "38,2 KB"),
        (5 * 2**20, "5,0 MB"),
        (3 * 2**40, "3.072,0 GB"),
        (None, "—"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert formats.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0,4 s"),
        (-1, "0,0 s"),
        (12.4, "12 s"),
        (59.6, "1 min 0 s"),
        (184, "3 min 4 s"),
        (3725, "1 h 2 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_the_time_between_two_moments() -> None:
    assert formats.between("2026-11-23T10:00:00Z", "2026-11-23T10:01:06.5Z") == "1 min 6 s"
    assert formats.between("2026-11-23T10:00:00Z", None) == "—"


def test_flags() -> None:
    assert [formats.yes_no(value) for value in (1, 0, None)] == ["Sí", "No", "—"]
