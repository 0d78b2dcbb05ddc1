"""outcomes_of_predictions

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outcomes_prediction", "outcomes", ["prediction_id", "shadow"])


def downgrade() -> None:
    op.drop_index("ix_outcomes_prediction", table_name="outcomes")
