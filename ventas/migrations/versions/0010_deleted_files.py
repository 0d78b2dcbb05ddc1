"""deleted_files

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("dataset_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("upload_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_runs_dataset_deleted", "runs", ["dataset_deleted_at", "finished_at"])


def downgrade() -> None:
    op.drop_index("ix_runs_dataset_deleted", table_name="runs")
    for name in ("upload_deleted_at", "dataset_deleted_at"):
        op.execute(f"ALTER TABLE runs DROP COLUMN {name}")
