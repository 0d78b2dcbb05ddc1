"""Numbers, dates and durations as a Spanish spreadsheet writes them: 1.605,20 and 30/11/2026."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

NOTHING = "—"
WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)
_SWAP = str.maketrans(",.", ".,")


def number(value: float | None, decimals: int = 2) -> str:
    """`value` with dots between thousands and a decimal comma; a dash for None."""
    return NOTHING if value is None else f"{value:,.{decimals}f}".translate(_SWAP)


def count(value: int | None) -> str:
    """A whole number with dots between thousands; a dash for None."""
    return number(value, 0)


def share(value: float | None) -> str:
    """A share of one as a percentage with one decimal; a dash for None."""
    return NOTHING if value is None else f"{number(value * 100, 1)} %"


def counted(value: int, one: str, many: str) -> str:
    """A count with its noun in the right number: «1 fila», «2.190 filas»."""
    return f"{count(value)} {one if value == 1 else many}"


def local(moment: str, zone: str) -> datetime:
    """An ISO 8601 moment with offset or `Z` as a datetime in `zone`."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))


def clock(moment: str | None, zone: str) -> str:
    """An ISO 8601 moment as day and minute in `zone`, `30/11/2026 14:03`; a dash for None."""
    return NOTHING if not moment else f"{local(moment, zone):%d/%m/%Y %H:%M}"


def day(iso: str | None) -> str:
    """An ISO date as `30/11/2026`; a dash for None."""
    return NOTHING if not iso else f"{date.fromisoformat(iso):%d/%m/%Y}"


def long_day(iso: str) -> str:
    """An ISO date in words: `lunes 30 de noviembre de 2026`."""
    when = date.fromisoformat(iso)
    return f"{WEEKDAYS[when.weekday()]} {when.day} de {MONTHS[when.month - 1]} de {when.year}"


def weekday(value: int | None) -> str:
    """Name of an ISO weekday (1 Monday to 7 Sunday), capitalised; a dash for anything else."""
    return WEEKDAYS[value - 1].capitalize() if value in range(1, 8) and value else NOTHING


def yes_no(value: int | None) -> str:
    """`Sí` or `No` for a 0/1 flag; a dash for None."""
    return NOTHING if value is None else ("Sí" if value else "No")


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
