"""Bring the database to the newest schema; runs once before every other process."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ventas.ledger.database import Database
from ventas.settings import Settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 0x76656E746173  # PostgreSQL's advisory locks are numbers: "ventas" in ASCII


def upgrade(settings: Settings) -> None:
    """Apply every migration that is missing. Raises LedgerUnavailable."""
    database = Database(settings.database_url)
    try:
        with database.write() as session:
            if session.get_bind().dialect.name == "postgresql":  # SQLite lets only one write anyway
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(configuration(session.connection()), "head")
    finally:
        database.close()


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, to migrate over `connection`; whoever opened it commits."""
    config = _config()
    config.attributes["connection"] = connection
    return config


def scripts() -> ScriptDirectory:
    """All migrations that this program knows."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
