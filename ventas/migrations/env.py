"""Alembic's entry: migrates over the connection that `ventas.ledger.migrate` hands in."""

from typing import Any, Literal

from alembic import context

from ventas.ledger.tables import Base, Text, UtcDateTime


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration must stay as it was when the code moves on, so it names no class of ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Text):
        length = getattr(item.impl, "length", None)
        return f"sa.String(length={length})" if length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
