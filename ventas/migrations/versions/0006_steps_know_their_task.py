"""steps_know_their_task

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("steps", sa.Column("task_id", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE steps DROP COLUMN task_id")
