"""What is deleted when, in steps, and how the file shrinks."""

from datetime import timedelta

from sqlmodel import col, func, select

from tests import factories
from tests.clock import MINUTE, NOW
from webmon import db
from webmon.commands import retention
from webmon.commands.retention import Kept, delete_expired
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
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 10)
    monkeypatch.setattr(retention, "SERVICES_AT_ONCE", 2)
    for number in range(3):
        service = factories.service(session, f"s{number}", interval_seconds=86_400)
        results(session, service.id, range(25, 75))
    steps = run(session)
    assert sum(step.deleted for step in steps) == 3 * 45
    assert max(step.deleted for step in steps) <= 12
    assert count(session, CheckResult, col(CheckResult.at_ms) < KEPT.results_since.timestamp()) == 0


def test_nothing_to_delete_is_one_look(session):
    service = factories.service(session)
    results(session, service.id, range(3))
    assert [step.deleted for step in run(session)] == [0, 0]


def test_a_new_sqlite_file_shrinks_again(tmp_path, monkeypatch):
    from webmon.commands.schema import migrate

    database = db.Database(f"sqlite:///{tmp_path / 'small.db'}")
    migrate(database)
    monkeypatch.setattr(db, "FREE_PAGES", 20)
    monkeypatch.setattr(db, "PAGES_AT_ONCE", 50)
    with database.write() as session:
        service = factories.service(session)
        rows = [
            {"service_id": service.id, "at_ms": number, "status": 2, "message": "x" * 200}
            for number in range(5_000)
        ]
        session.connection().execute(table(CheckResult).insert(), rows)
    with database.write() as session:
        assert delete_expired(session, KEPT).deleted > 0
        after = 0
        while after is not None:
            after = delete_expired(session, KEPT, after=after).after
    pages = "PRAGMA page_count"
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql(pages).scalar_one()
    while database.give_back_pages():
        pass
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(pages).scalar_one() < before / 2
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() <= 20
    database.dispose()
