"""The migrations make exactly the schema that the models describe, whoever runs them."""

import multiprocessing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import select, text

from webmon import db
from webmon.commands import schema
from webmon.models import Channel, metadata


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server = request.getfixturevalue("postgres_server")
    name = f"empty_{abs(hash(tmp_path))}"
    database = db.Database(server)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def empty(empty_url: str):
    database = db.Database(empty_url)
    yield database
    database.dispose()


def test_the_migrated_schema_is_the_models(database):
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []
    assert schema.is_current(database)


def test_migrating_again_changes_nothing(empty):
    schema.migrate(empty)
    schema.migrate(empty)
    assert schema.is_current(empty)


def test_the_first_migration_can_be_taken_back(empty):
    schema.migrate(empty)
    with empty.writer() as connection:
        command.downgrade(schema.alembic_config(connection), "base")
    assert not schema.is_current(empty)
    schema.migrate(empty)
    assert schema.is_current(empty)


def _migrate(url: str) -> None:
    database = db.Database(url)
    schema.migrate(database)
    database.dispose()


def test_two_processes_that_migrate_at_once_do_no_harm(empty_url):
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_migrate, args=(empty_url,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_the_administrators_have_a_channel_from_the_start(session):
    [channel] = session.exec(select(Channel)).all()
    assert (channel.name, channel.kind, channel.built_in, channel.enabled) == (
        "Administrators",
        "email",
        True,
        True,
    )
    assert channel.namespace_id is None
