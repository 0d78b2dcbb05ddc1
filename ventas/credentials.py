"""User and password in an address: taken apart, so that the address itself can be shown and logged."""

from urllib.parse import unquote, urlsplit


def without_credentials(url: str) -> str:
    """The address without user and password, as in `redis://10.0.0.1:6379/0`; one that has none is left as it is."""
    before, separator, after = url.partition("://")
    authority, slash, path = after.partition("/")
    return f"{before}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def credentials(url: str) -> tuple[str, str] | None:
    """User and password in an address, decoded; None where it has neither."""
    parts = urlsplit(url)
    if not (parts.username or parts.password):
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")
