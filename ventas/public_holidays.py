"""The public holidays of a country, as the package `holidays` knows them: no network, and nothing to keep."""

from datetime import date
from typing import Any

# One name where several holidays share a day is joined thus by the package.
_JOINED = "; "


def holidays_between(place: str, first: date, last: date, language: str) -> dict[date, str]:
    """The public holidays from `first` to `last`, both included, with their names.

    Parameters
    ----------
    place: as `checked_place` takes it.
    language: ISO 639-1; names are in the country's own language where the package has no other.
    """
    if last < first:
        return {}
    known = _calendar(place, language, range(first.year, last.year + 1))
    found = {day: str(name).replace(_JOINED, " · ") for day, name in known.items() if first <= day <= last}
    return dict(sorted(found.items()))


def checked_place(place: str) -> str:
    """`place` in capitals: ISO 3166-1 alpha-2, with a subdivision if wished (`ES`, `ES-MD`).

    Raises ValueError where no holidays are known of it.
    """
    country, _, subdivision = place.strip().partition("-")
    normal = country.upper() + (f"-{subdivision.upper()}" if subdivision else "")
    try:
        _calendar(normal, "", ())
    except NotImplementedError as error:
        raise ValueError(
            f"no public holidays are known of {place!r}; use an ISO code such as AR, ES or ES-MD"
        ) from error
    return normal


def _calendar(place: str, language: str, years: Any) -> Any:
    import holidays  # takes a tenth of a second, and most processes never ask

    country, _, subdivision = place.partition("-")
    asked: dict[str, Any] = {"subdiv": subdivision or None, "years": years}
    known = holidays.country_holidays(country, **asked)
    spoken = (one for one in known.supported_languages if one.split("_")[0] == language)
    # Always said: the package would take the language of the process.
    return holidays.country_holidays(country, **asked, language=next(spoken, known.default_language))
