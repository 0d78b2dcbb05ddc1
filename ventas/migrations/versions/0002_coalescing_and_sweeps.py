"""coalescing_and_sweeps

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("superseded_by", sa.String(length=36), nullable=True))
    op.add_column("runs", sa.Column("dataset_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_runs_uploaded_at", "runs", ["uploaded_at"])
    op.create_table(
        "sweeps",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("token", sa.String(length=36), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    # Datasets made before this column was there; a later one is marked when it is complete.
    op.execute(
        "UPDATE runs SET dataset_at = updated_at"
        " WHERE status IN ('retrain', 'promote', 'promoted', 'not_promoted') AND same_as_run IS NULL"
    )


def downgrade() -> None:
    op.drop_table("sweeps")
    op.drop_index("ix_runs_uploaded_at", table_name="runs")
    # Not in a batch: SQLite would make the table anew, and events and steps refer to it.
    op.execute("ALTER TABLE runs DROP COLUMN dataset_at")
    op.execute("ALTER TABLE runs DROP COLUMN superseded_by")
