"""Bring the database to the current schema."""

import sys

from alembic import command
from alembic.config import Config

from webmon.config import ROOT
from webmon.db import Database, patiently
from webmon.errors import WebmonError
from webmon.queries.system.schema import fault, is_newer


def migrate(database: Database) -> bool:
    """Upgrade to the newest revision; several processes may call it at once. Returns whether a
    SQLite file was made for it, where there was none.

    Raises:
        WebmonError: a newer version of the program has made the database.
    """
    is_new = database.allow_new()
    with database.read() as session:
        if is_newer(session):
            raise WebmonError(fault(session))
    with patiently(), database.writer() as connection:
        command.upgrade(alembic_config(connection), "head")
    return is_new


def alembic_config(connection: object) -> Config:
    """Alembic's settings; the migrations run in ``connection``'s transaction."""
    config = Config(str(ROOT / "alembic.ini"), stdout=sys.stderr)
    config.attributes["connection"] = connection
    return config
