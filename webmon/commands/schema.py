"""Bring the database to the current schema."""

import sys

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from webmon.config import ROOT
from webmon.db import Database


def migrate(database: Database) -> None:
    """Upgrade to the newest revision; several processes may call it at once."""
    with database.writer() as connection:
        command.upgrade(alembic_config(connection), "head")


def is_current(database: Database) -> bool:
    """Whether the schema is the one that this code was written for."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    return set(present) == set(ScriptDirectory.from_config(alembic_config(None)).get_heads())


def alembic_config(connection: object) -> Config:
    """Alembic's settings; the migrations run in ``connection``'s transaction."""
    config = Config(str(ROOT / "alembic.ini"), stdout=sys.stderr)
    config.attributes["connection"] = connection
    return config
