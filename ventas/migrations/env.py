"""Alembic's entry: migrates over the connection that `ventas.ledger.migrate` hands in."""

from typing import Any, Literal

from alembic import context

from ventas.ledger.tables import Base, UtcDateTime


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration must stay as it was when the code moves on, so it names no class of ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
