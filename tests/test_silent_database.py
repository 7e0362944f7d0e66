"""A database that says nothing: every wait for it ends, and it is used again once it speaks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import text

from tests.silent_line import SilentLine
from webmon import db, postgres
from webmon.db import Database, DatabaseUnavailable
from webmon.limits import Limits

QUICK = Limits(connect=2, statement=0.6, lock=0.4, idle=0.5, answer=1.0)
SLACK_SECONDS = 4.0
"""For a busy machine."""


@pytest.fixture
def line(postgres_server: str) -> Iterator[SilentLine]:
    folder = parse_qs(urlsplit(postgres_server).query)["host"][0]
    with SilentLine(f"{folder}/.s.PGSQL.5432") as line:
        yield line


@pytest.fixture
def remote(line: SilentLine) -> Iterator[Database]:
    database = Database(f"postgresql://postgres@127.0.0.1:{line.port}/postgres", QUICK)
    yield database
    database.dispose()


def answer(database: Database) -> int:
    with database.read() as session:
        return session.execute(text("SELECT 42")).scalar_one()


@contextmanager
def ending(seconds: float) -> Iterator[pytest.ExceptionInfo[DatabaseUnavailable]]:
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as raised:
        yield raised
    assert time.monotonic() - began < seconds + SLACK_SECONDS


def speaks_again(database: Database) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert answer(database) == 42
            return
        except DatabaseUnavailable:
            time.sleep(0.1)
    raise AssertionError("the database is not used again")


def test_a_pooled_connection_that_falls_silent_is_given_up(remote: Database, line: SilentLine):
    assert answer(remote) == 42
    line.fall_silent()
    with ending(QUICK.answer + QUICK.connect):  # the pre-ping, and then a new connection
        answer(remote)
    line.speak()
    speaks_again(remote)


def test_silence_within_a_transaction_ends_and_says_so(remote: Database, line: SilentLine):
    with ending(QUICK.answer) as raised, remote.write() as session:
        session.execute(text("SELECT 1"))
        line.fall_silent()
        session.execute(text("SELECT 2"))
    assert db.reason(raised.value) == "no answer within 1 s"
    line.speak()
    speaks_again(remote)


def test_silence_at_the_commit_ends(remote: Database, line: SilentLine):
    with ending(QUICK.answer), remote.write() as session:
        session.execute(text("SELECT 1"))
        line.fall_silent()


def test_connections_that_are_forgotten_cost_one_wait(remote: Database, line: SilentLine):
    assert answer(remote) == 42
    line.forget()
    began = time.monotonic()
    assert answer(remote) == 42, "the pre-ping fails, and a new connection is made"
    assert time.monotonic() - began < QUICK.answer + SLACK_SECONDS


def test_what_queues_behind_a_silent_database_does_not_wait_as_long_again(
    remote: Database, line: SilentLine
):
    line.fall_silent()
    with ending(QUICK.connect):
        answer(remote)
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        answer(remote)
    assert time.monotonic() - began < 0.5


def test_a_cut_network_and_a_refused_connection_are_named(remote: Database, line: SilentLine):
    assert answer(remote) == 42
    line.cut()
    assert answer(remote) == 42
    with pytest.raises(DatabaseUnavailable), remote.write() as session:
        session.execute(text("SELECT 1"))
        line.cut()
        session.execute(text("SELECT 2"))


def test_a_slow_statement_and_a_held_lock_end(remote: Database):
    with ending(QUICK.statement) as slow, remote.read() as session:
        session.execute(text("SELECT pg_sleep(60)"))
    assert "statement timeout" in db.reason(slow.value)
    with remote.write() as holder:
        holder.execute(text("SELECT pg_advisory_xact_lock(17)"))
        with ending(QUICK.lock) as locked, remote.write() as session:
            session.execute(text("SELECT pg_advisory_xact_lock(17)"))
    assert "lock timeout" in db.reason(locked.value)


def test_a_job_has_a_deadline_for_everything_together(remote: Database):
    with ending(1.0) as raised, db.within(0.8), remote.write() as session:
        for _ in range(100):
            session.execute(text("SELECT pg_sleep(0.2)"))
    assert "the time for everything together" in db.reason(raised.value)
    speaks_again(remote)


def test_a_transaction_whose_client_sleeps_lets_its_locks_go(remote: Database):
    with pytest.raises(DatabaseUnavailable), remote.write() as session:
        session.execute(text("SELECT 1"))
        time.sleep(QUICK.idle + 0.3)
        session.execute(text("SELECT 2"))


def test_what_people_start_may_take_longer(remote: Database):
    with db.patiently(), remote.read() as session:
        session.execute(text("SELECT pg_sleep(1.3)"))


def test_nothing_of_a_session_stays_behind(remote: Database, line: SilentLine):
    """A pooler hands the connection to somebody else after each transaction."""
    answer(remote)
    raw = remote.engine.raw_connection()
    with raw.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    raw.close()
    assert not dsn(remote).get("options"), "which pgbouncer would refuse"


def dsn(database: Database) -> dict[str, str]:
    raw = database.engine.raw_connection()
    try:
        return raw.dbapi_connection.info.dsn_parameters
    finally:
        raw.close()


def test_the_url_has_the_last_word(line: SilentLine):
    url = f"postgresql://postgres@127.0.0.1:{line.port}/postgres"
    database = Database(f"{url}?connect_timeout=3&application_name=mine", QUICK)
    parameters = dsn(database)
    assert (parameters["connect_timeout"], parameters["application_name"]) == ("3", "mine")
    assert parameters["keepalives_idle"] == "10"
    database.dispose()


def test_a_connection_that_is_collected_meanwhile_is_no_deadlock():
    """The garbage collector may roll one back while this thread holds the lock."""
    watch = postgres._watch
    with watch._lock:
        watch.end(watch.begin(-1, time.monotonic() + 60))
