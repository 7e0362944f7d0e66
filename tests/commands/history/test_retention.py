"""What is deleted when, in steps, and how the file shrinks."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from tests import factories
from tests.clock import MINUTE, NOW
from webmon import db
from webmon.commands.history import retention
from webmon.commands.history.retention import Kept, delete_expired
from webmon.commands.schema import migrate
from webmon.models import CheckResult, Daily, Hourly
from webmon.models.columns import table

DAY = timedelta(days=1)
KEPT = Kept.at(NOW, raw_days=30, hourly_days=400)


def results(session, service_id: int, days: range, status: int = 0) -> None:
    for day in days:
        at_ms = round((NOW - day * DAY - MINUTE).timestamp() * 1000)
        session.add(CheckResult(service_id=service_id, at_ms=at_ms, status=status))
    session.flush()


def run(session) -> list[retention.Step]:
    steps, after = [], 0
    while True:
        step = delete_expired(session, KEPT, after=after)
        steps.append(step)
        if step.after is None:
            return steps
        after = step.after


def count(session, model, *where) -> int:
    return session.exec(select(func.count()).select_from(model).where(*where)).one()


def test_raw_results_go_after_their_days_and_no_sooner(session):
    old, young = factories.service(session, "old"), factories.service(session, "young")
    results(session, old.id, range(20, 40))
    results(session, young.id, range(5))
    assert sum(step.deleted for step in run(session)) == 10
    assert count(session, CheckResult) == 15
    assert count(session, CheckResult, CheckResult.service_id == young.id) == 5


def test_hours_go_later_and_days_stay(session):
    service = factories.service(session)
    hour = int(NOW.timestamp()) // 3600
    for days_ago in (1, 399, 401, 900):
        number = hour - days_ago * 24
        session.add(Hourly(service_id=service.id, hour=number))
        session.add(Daily(service_id=service.id, day=number // 24))
    session.flush()
    run(session)
    assert (count(session, Hourly), count(session, Daily)) == (2, 4)


def test_much_is_deleted_in_several_small_steps(session, monkeypatch):
    monkeypatch.setattr(retention, "ROWS_PER_SERVICE", 10)
    monkeypatch.setattr(retention, "SERVICES_AT_ONCE", 2)
    for number in range(3):
        service = factories.service(session, f"s{number}", interval_seconds=86_400)
        results(session, service.id, range(25, 75))
    steps = run(session)
    assert sum(step.deleted for step in steps) == 3 * 45
    assert max(step.deleted for step in steps) == 20
    assert count(session, CheckResult, col(CheckResult.at_ms) < KEPT.results_since.timestamp()) == 0


def test_what_deleted_services_have_left_goes_in_small_steps(session, monkeypatch):
    monkeypatch.setattr(retention, "LEFT_AT_ONCE", 10)
    monkeypatch.setattr(retention, "SERVICES_AT_ONCE", 2)
    services = [factories.service(session, f"s{number}") for number in range(7)]
    for service in services:
        results(session, service.id, range(25))
        session.add(Hourly(service_id=service.id, hour=int(NOW.timestamp()) // 3600))
    session.flush()
    kept = [services[number].id for number in (2, 3, 5)]
    for service in services:
        if service.id not in kept:
            session.delete(service)
    session.flush()
    steps = run(session)
    assert sum(step.deleted for step in steps) == 4 * 26
    assert max(step.deleted for step in steps) <= 2 * 10
    for model in (CheckResult, Hourly):
        left = session.exec(select(model.service_id).distinct().order_by(model.service_id)).all()
        assert left == kept
    assert count(session, CheckResult) == 3 * 25


def test_what_the_last_service_of_all_has_left_goes_too(session):
    service = factories.service(session)
    results(session, service.id, range(25))
    session.delete(service)
    session.flush()
    run(session)
    assert count(session, CheckResult) == 0


def test_steps_are_small_however_close_the_results_lie(session):
    """As those of a service do whose interval was shorter once."""
    service = factories.service(session, interval_seconds=86_400)
    rows = [{"service_id": service.id, "at_ms": number, "status": 0} for number in range(1_000)]
    session.connection().execute(table(CheckResult).insert(), rows)
    steps = run(session)
    assert {step.deleted for step in steps} == {retention.ROWS_PER_SERVICE, 0}
    assert count(session, CheckResult) == 0


def test_a_pass_is_made_by_one_worker_and_once_an_hour(session):
    assert retention.begin_pass(session, now=NOW)
    for minutes, due in ((0, False), (59, False), (60, True), (61, False)):
        assert retention.begin_pass(session, now=NOW + minutes * MINUTE) is due


def test_a_clock_that_is_set_back_puts_no_pass_off(session):
    assert retention.begin_pass(session, now=NOW + DAY)
    assert retention.begin_pass(session, now=NOW)


def test_nothing_to_delete_is_one_look(session):
    service = factories.service(session)
    results(session, service.id, range(3))
    assert [step.deleted for step in run(session)] == [0, 0]


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Iterator[db.Database]:
    """A new SQLite file."""
    path = tmp_path / "small.db"
    shutil.copy(sqlite_template, path)
    database = db.Database(f"sqlite:///{path}")
    yield database
    database.dispose()


def fill(database: db.Database) -> int:
    """Five thousand results that have expired; how many pages there are then."""
    with database.write() as session:
        service = factories.service(session)
        rows = [
            {"service_id": service.id, "at_ms": number, "status": 2, "message": "x" * 200}
            for number in range(5_000)
        ]
        session.connection().execute(table(CheckResult).insert(), rows)
    return pragma(database, "page_count")


def empty(database: db.Database) -> None:
    with database.write() as session:
        run(session)


def pragma(database: db.Database, name: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def test_a_new_sqlite_file_shrinks_again_in_small_steps(file, monkeypatch):
    monkeypatch.setattr(db, "FREE_PAGES", 20)
    full = fill(file)
    empty(file)
    steps = 0
    while file.give_back_pages():
        steps += 1
        assert pragma(file, "page_count") == full - steps * db.PAGES_AT_ONCE
    assert pragma(file, "page_count") < full / 2
    assert pragma(file, "freelist_count") <= 20


def test_a_little_that_is_free_is_kept_for_what_comes(file):
    fill(file)
    empty(file)
    free = pragma(file, "freelist_count")
    assert not file.give_back_pages()
    assert pragma(file, "freelist_count") == free > 100


def test_a_file_that_cannot_shrink_can_after_it_was_compacted(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:  # as it was made by earlier versions
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE made (id INTEGER)")
    database = db.Database(f"sqlite:///{path}")
    migrate(database)
    full = fill(database)
    empty(database)
    assert pragma(database, "auto_vacuum") == 0
    assert not database.give_back_pages()
    database.compact()
    assert pragma(database, "page_count") < full / 2
    assert (pragma(database, "auto_vacuum"), database.log_bytes) == (2, 0)
    database.dispose()


def test_the_log_is_emptied_when_it_is_long_also_while_somebody_reads(file, monkeypatch):
    monkeypatch.setattr(db, "LONG_LOG_BYTES", 100_000)
    fill(file)
    assert file.log_bytes > 100_000
    with file.read() as session:
        session.exec(select(CheckResult).limit(1)).all()
        file.checkpoint()
        assert pragma(file, "busy_timeout") == db.BUSY_TIMEOUT_MS
    file.checkpoint()
    assert file.log_bytes == 0
