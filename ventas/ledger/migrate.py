"""Bring the database to the newest schema; runs once before every other process."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from ventas.ledger.database import Database
from ventas.settings import Settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(settings: Settings) -> None:
    """Apply every migration that is missing. Raises LedgerUnavailable."""
    database = Database(settings.database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
    database.close()
