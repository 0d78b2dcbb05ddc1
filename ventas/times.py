"""Times as the ledger and the API write them: UTC, ISO 8601 with `Z`, microseconds kept."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The current moment, timezone-aware, in UTC."""
    return datetime.now(UTC)


def today_in(zone: str) -> date:
    """The calendar day that it is now in a time zone, such as Europe/Madrid."""
    return utc_now().astimezone(ZoneInfo(zone)).date()


def iso_z(moment: datetime | None) -> str | None:
    """`moment` as ISO 8601 in UTC with `Z`; naive moments are taken as UTC; None stays None."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
