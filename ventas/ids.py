"""Identifiers: a run's is a UUIDv7 as text, so that sorting by id is sorting by creation."""

from uuid import UUID

from uuid6 import uuid7


def new_run_id() -> str:
    """A fresh run id, 36 characters, time-ordered."""
    return str(uuid7())


def trace_id(run_id: object) -> str | None:
    """The id of a run's trace (see `ventas.tracing`), 32 hexadecimal digits; None where that is no run's id."""
    try:
        return UUID(str(run_id)).hex
    except ValueError:
        return None
