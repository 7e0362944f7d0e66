"""The migrations make exactly the schema that the models describe, under any database account."""

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import select, text, update

from tests.clock import NOW
from webmon import crypto, db
from webmon.commands import schema
from webmon.commands.history.daily_uptime import settle_some
from webmon.errors import WebmonError
from webmon.models import Channel, Daily, Service, ServiceState, metadata
from webmon.queries.system import schema as queries


def is_current(database: db.Database) -> bool:
    with database.read() as session:
        return queries.is_current(session)


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
    database.allow_new()
    yield database
    database.dispose()


def test_the_migrated_schema_is_the_models(database):
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []
    assert is_current(database)


def test_migrating_again_changes_nothing(empty):
    schema.migrate(empty)
    schema.migrate(empty)
    assert is_current(empty)


def test_the_newest_revision_is_the_one_that_alembic_goes_to():
    scripts = ScriptDirectory.from_config(schema.alembic_config(None))
    assert [queries.newest_revision()] == scripts.get_heads()


def test_an_older_schema_is_not_the_present_one(empty):
    _to(empty, "0006")
    assert not is_current(empty)


def test_the_first_migration_can_be_taken_back(empty):
    schema.migrate(empty)
    with empty.writer() as connection:
        command.downgrade(schema.alembic_config(connection), "base")
    assert not is_current(empty)
    schema.migrate(empty)
    assert is_current(empty)


def _migrate(url: str) -> None:
    database = db.Database(url)
    schema.migrate(database)
    database.dispose()


@pytest.mark.slow
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


def _to(database: db.Database, revision: str) -> None:
    """Bring an empty or an older database to a revision."""
    with database.writer() as connection:
        command.upgrade(schema.alembic_config(connection), revision)


OF_REVISION_6 = (
    "INSERT INTO namespace (id, slug, name, timezone, created_at)"
    " VALUES (1, 'iati', 'IATI', 'UTC', '2026-11-23 10:00:00')",
    "INSERT INTO host (id, namespace_id, name, address, public, created_at)"
    " VALUES (1, 1, 'Datastore', '127.0.0.1', true, '2026-11-23 10:00:00')",
    "INSERT INTO service (id, host_id, name, kind, config, interval_seconds, timeout_seconds,"
    " retry_seconds, failures_to_down, failures_to_degraded, successes_to_up, critical, public,"
    " paused, revision, created_at)"
    " VALUES (1, 1, 'Port', 'tcp', '{\"port\": 80}', 60, 10, 10, 2, 2, 1, false, true, false, 1,"
    " '2026-11-23 10:00:00')",
    "INSERT INTO service_state (service_id, status, since, up_answer, up_count, up_since,"
    " down_answer, down_count, down_since, claim, message, observed_at, hour) VALUES (1, 'up',"
    " '2026-11-23 10:00:00', true, 1, '2026-11-23 10:00:00', false, 0, '2026-11-23 10:00:00', 0,"
    " '', '2026-11-23 10:00:00', 0)",
)
"""A service that was up at its last check."""


@pytest.fixture
def of_revision_6(empty: db.Database) -> db.Database:
    _to(empty, "0006")
    with empty.writer() as connection:
        for statement in OF_REVISION_6:
            connection.execute(text(statement))
    return empty


def test_days_of_before_are_settled_by_the_worker(of_revision_6):
    with of_revision_6.writer() as connection:
        connection.execute(
            text(
                "INSERT INTO daily (service_id, day, up, degraded, down, unknown,"
                " answers, sum_us, sketch) VALUES (1, 20780, 5, 0, 0, 0, 5, 50, '{}')"
            )
        )
    schema.migrate(of_revision_6)
    with of_revision_6.write() as session:
        session.exec(update(ServiceState).values(observed_at=NOW + timedelta(days=1)))
        settle_some(session, after=0, now=NOW + timedelta(days=1))
        [day] = session.exec(select(Daily))
    assert (day.day, day.up, day.observed_us) == (20780, 5, 24 * 3_600_000_000)


def test_the_last_look_speaks_as_long_as_the_interval_says(of_revision_6):
    schema.migrate(of_revision_6)
    with of_revision_6.read() as session:
        state = session.exec(select(ServiceState)).one()
    assert (state.credit_seconds, state.patience_seconds) == (60, 70)


def test_the_last_report_speaks_until_the_next_one_is_due(of_revision_6):
    _to(of_revision_6, "0011")
    with of_revision_6.writer() as connection:
        connection.execute(text("UPDATE service SET kind = 'heartbeat'"))
        due = "UPDATE service_state SET next_check_at = '2026-11-24 10:05:00'"
        connection.execute(text(due))
    schema.migrate(of_revision_6)
    with of_revision_6.read() as session:
        state = session.exec(select(ServiceState)).one()
    assert 0 <= state.credit_seconds - (24 * 3600 + 300) <= 1


def test_a_newer_schema_is_left_alone_and_named_in_one_line(empty):
    schema.migrate(empty)
    with empty.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WebmonError) as raised:
        schema.migrate(empty)
    assert str(raised.value).startswith("the database is newer than this program (9999 instead of")


def test_an_older_and_an_empty_database_are_named(empty):
    assert fault(empty) == "the database is not set up yet: run webmon migrate"
    _to(empty, "0006")
    newest = queries.newest_revision()
    assert fault(empty) == (
        f"the database is older than this program (0006 instead of {newest}): run webmon migrate"
    )


def fault(database: db.Database) -> str:
    with database.read() as session:
        return queries.fault(session)


def test_the_query_of_an_address_becomes_a_secret(of_revision_6):
    with of_revision_6.writer() as connection:
        config = '{"url": "http://a.example/x?token=s3cret-one#top", "expect_html": true}'
        change = text("UPDATE service SET kind = 'http', config = :config")
        connection.execute(change, {"config": config})
    schema.migrate(of_revision_6)
    with of_revision_6.read() as session:
        [service] = session.exec(select(Service))
    assert "s3cret-one" not in str(service.config)
    assert crypto.unseal(service.config) == {
        "url": "http://a.example/x",
        "query": "token=s3cret-one",
        "expect_html": True,
    }
