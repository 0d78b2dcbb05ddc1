"""history_filters

One index answers every filter and order of the history without the rows themselves: it takes the place of that on
the date alone.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

from ventas.ledger.generated import given_flag

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_context().dialect
    kind = "STORED" if dialect.name == "postgresql" else "VIRTUAL"
    for column, name in (("promotion", "Promociones"), ("holiday", "Festivo")):
        told = given_flag(name).compile(dialect=dialect)
        op.execute(f"ALTER TABLE predictions ADD COLUMN {column} INTEGER GENERATED ALWAYS AS ({told}) {kind}")
    op.drop_index("ix_predictions_date", table_name="predictions")
    op.create_index(
        "ix_predictions_filters",
        "predictions",
        ["date", "model_version", "promotion", "holiday", "series", "prediction", "created_at"],
    )


def downgrade() -> None:
    op.drop_index("ix_predictions_filters", table_name="predictions")
    op.create_index("ix_predictions_date", "predictions", ["date"])
    for column in ("holiday", "promotion"):
        op.execute(f"ALTER TABLE predictions DROP COLUMN {column}")
