"""Identifiers: a run's is a UUIDv7 as text, so that sorting by id is sorting by creation."""

from uuid6 import uuid7


def new_run_id() -> str:
    """A fresh run id, 36 characters, time-ordered."""
    return str(uuid7())
