"""kind_of_run

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("kind", sa.String(length=16), nullable=False, server_default="sales"))


def downgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and events and steps refer to it.
    op.execute("ALTER TABLE runs DROP COLUMN kind")
