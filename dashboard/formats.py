"""Numbers, dates and durations as the language of the request writes them: 1.605,20 and 30/11/2026, or 1,605.20."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from dashboard.i18n import SPANISH, language, locale, ngettext
from dashboard.i18n import gettext as _

NOTHING = "—"
MINUS = "−"
# In English the month is a word: 03/04 is another day in London than in New York.
_DAY = {"es": "dd/MM/y", "en": "d MMM y"}
_LONG_DAY = {"es": "EEEE d 'de' MMMM 'de' y", "en": "EEEE, d MMMM y"}


def number(value: float | None, decimals: int = 2) -> str:
    """`value` with separators between thousands and a typographic minus; a dash for None."""
    if value is None:
        return NOTHING
    # Rounded as Python does, so that a figure is the same on every page.
    rounded = round(value, decimals) or 0.0  # no minus before a zero
    return str(format_decimal(rounded, "#,##0." + "0" * decimals, locale())).replace("-", MINUS)


def count(value: int | None) -> str:
    """A whole number with separators between thousands; a dash for None."""
    return number(value, 0)


def percent(value: float | None, decimals: int = 0) -> str:
    """A percentage with its sign: `95 %`, in English `95%`; a dash for None."""
    if value is None:
        return NOTHING
    return f"{number(value, decimals)}{' ' if language() == SPANISH else ''}%"


def share(value: float | None) -> str:
    """A share of one as a percentage with one decimal; a dash for None."""
    return NOTHING if value is None else percent(value * 100, 1)


def counted(value: int, one: str, many: str) -> str:
    """A count with its noun in the right number: «1 fila», «2.190 filas»; the nouns are translated."""
    return f"{count(value)} {ngettext(one, many, value)}"


def local(moment: str, zone: str) -> datetime:
    """An ISO 8601 moment with offset or `Z` as a datetime in `zone`."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))


def clock(moment: str | None, zone: str) -> str:
    """An ISO 8601 moment as day and minute in `zone`, `30/11/2026 14:03`; a dash for None."""
    if not moment:
        return NOTHING
    return str(format_datetime(local(moment, zone), f"{_DAY[language()]} HH:mm", locale=locale()))


def day(iso: str | None) -> str:
    """An ISO date as `30/11/2026`; a dash for None."""
    return NOTHING if not iso else str(format_date(date.fromisoformat(iso), _DAY[language()], locale()))


def long_day(iso: str) -> str:
    """An ISO date in words: `lunes 30 de noviembre de 2026`."""
    return str(format_date(date.fromisoformat(iso), _LONG_DAY[language()], locale()))


def weekdays() -> list[str]:
    """The names of the days, capitalised, Monday first."""
    names = locale().days["stand-alone"]["wide"]
    return [names[number].capitalize() for number in range(7)]


def weekday(value: int | None) -> str:
    """Name of an ISO weekday (1 Monday to 7 Sunday), capitalised; a dash for anything else."""
    return weekdays()[value - 1] if value in range(1, 8) and value else NOTHING


def yes_no(value: int | None) -> str:
    """`Sí` or `No` for a 0/1 flag; a dash for None."""
    return NOTHING if value is None else (_("Sí") if value else _("No"))


def size(count_bytes: int | None) -> str:
    """A number of bytes in the unit that reads best, in steps of 1024; a dash for None."""
    if count_bytes is None:
        return NOTHING
    if count_bytes < 1024:
        return counted(count_bytes, "byte", "bytes")
    amount, unit = count_bytes / 1024, "KB"
    for larger in ("MB", "GB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{number(amount, 1)} {unit}"


def duration(seconds: float) -> str:
    """Seconds in the two units that matter: `0,4 s`, `12 s`, `3 min 4 s`, `1 h 2 min`."""
    if seconds < 10:
        return f"{number(max(seconds, 0), 1)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def between(start: str | None, end: str | None) -> str:
    """How long from one ISO 8601 moment to another; a dash while either is missing."""
    if not start or not end:
        return NOTHING
    return duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
