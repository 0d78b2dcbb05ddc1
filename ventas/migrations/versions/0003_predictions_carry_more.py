"""predictions_carry_more

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("series", sa.String(), nullable=False, server_default=""))
    op.add_column("predictions", sa.Column("low", sa.Double(), nullable=True))
    op.add_column("predictions", sa.Column("high", sa.Double(), nullable=True))
    op.add_column("predictions", sa.Column("coverage", sa.Double(), nullable=True))
    op.add_column(
        "predictions", sa.Column("date_assumed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_predictions_date", "predictions", ["date"])
    # Nobody noted it before, but a date that was given is among the inputs.
    op.execute(
        "UPDATE predictions SET date_assumed = true"
        """ WHERE CAST(input_data AS VARCHAR) NOT LIKE '%"Fecha": "%'"""
    )


def downgrade() -> None:
    op.drop_index("ix_predictions_date", table_name="predictions")
    # Not in a batch: SQLite would make the table anew, and its ids would begin again.
    for name in ("date_assumed", "coverage", "high", "low", "series"):
        op.execute(f"ALTER TABLE predictions DROP COLUMN {name}")
