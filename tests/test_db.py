"""Connections to a SQLite file."""

import pytest

from webmon.commands.schema import migrate
from webmon.db import Database


@pytest.fixture
def file(tmp_path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'webmon.db'}")
    migrate(database)
    yield database
    database.dispose()


def test_a_new_connection_does_not_wait_for_a_writer(file, monkeypatch):
    other = Database(file.url)
    monkeypatch.setattr("webmon.db.BUSY_TIMEOUT_MS", 100)
    impatient = Database(file.url)
    with other.writer() as writing, impatient.read() as reading:
        writing.exec_driver_sql("INSERT INTO setting VALUES ('a', 'b')")
        assert reading.connection().exec_driver_sql("SELECT 1").scalar_one() == 1
    other.dispose()
    impatient.dispose()


def test_a_new_file_can_shrink(file):
    with file.read() as session:
        assert session.connection().exec_driver_sql("PRAGMA auto_vacuum").scalar_one() == 2
