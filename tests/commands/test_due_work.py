"""What there is to do for the passes of a worker, and that each begins where there is something."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, NOW, SECOND
from webmon import clock
from webmon.commands.due_work import DueWork, due_work
from webmon.db import Database
from webmon.models import Deleted, Downtime, Letter, Mute, Notification, Service, Trial
from webmon.models.deferred_mails import DeferredMail
from webmon.models.letters import Occasion
from workers.jobs import Jobs
from workers.pipeline import Pipeline

NOTHING = DueWork(trials=False, follow_ups=False, downtimes=False, letters=False)


def _news(session: Session, **fields: Any) -> Notification:
    facts = {
        "cause": "a",
        "event": "down",
        "payload": {},
        "created_at": NOW - HOUR,
        "is_open": True,
    }
    return Notification(**facts | {"channel_id": factories.channel(session).id} | fields)


def _plan(session: Session, **fields: Any) -> Downtime:
    return Downtime(
        uid="a",
        namespace_id=factories.namespace(session).id,
        title="Work",
        starts_local="2026-06-01T22:00:00",
        timezone="UTC",
        duration_seconds=3600,
        created_at=NOW,
        changed_at=NOW,
        **fields,
    )


def _letter(session: Session, **fields: Any) -> Letter:
    user_id = factories.user(session, "ben@example.org").id
    return Letter(user_id=user_id, occasion=Occasion.TEST, created_at=NOW, **fields)


WORK: list[tuple[str, Callable[[Session], Any]]] = [
    ("trials", lambda _: Trial(thing="service", definition={}, asked_at=NOW)),
    ("follow_ups", lambda s: factories.service(s, paused_until=NOW)),
    (
        "follow_ups",
        lambda s: Deleted(
            user_id=factories.user(s, "ben@example.org").id,
            thing="host",
            names=[],
            deleted_at=NOW - HOUR,
            until_at=NOW,
            rows=b"",
        ),
    ),
    ("follow_ups", lambda s: _news(s, is_muted=True)),
    ("follow_ups", lambda s: _news(s, remind_at=NOW)),
    ("follow_ups", lambda s: _news(s, event="flapping")),
    (
        "follow_ups",
        lambda s: Mute(
            host_id=factories.host(s).id, reason="known", created_at=NOW, created_by="ben"
        ),
    ),
    ("downtimes", lambda s: _plan(s, occurs_until=NOW)),
    ("letters", lambda s: _letter(s, ready_at=NOW)),
    (
        "letters",
        lambda s: DeferredMail(
            channel_id=factories.channel(s).id,
            recipients=[],
            mail="",
            created_at=NOW,
            ready_at=NOW + HOUR,
        ),
    ),
]


def test_each_pass_is_due_for_what_it_looks_for(session: Session) -> None:
    assert due_work(session, now=NOW) == NOTHING
    for name, make in WORK:
        savepoint = session.begin_nested()
        session.add(make(session))
        session.flush()
        assert due_work(session, now=NOW) == NOTHING._replace(**{name: True})
        savepoint.rollback()
    for make in (lambda s: _news(s, is_open=False, is_muted=True), _letter):
        session.add(make(session))
    session.add(_plan(session, occurs_until=NOW + 1000 * HOUR))
    session.flush()
    assert due_work(session, now=NOW) == NOTHING


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield Jobs(pipeline)
    await pipeline.stop(0)


async def test_a_pass_that_fails_keeps_no_other_from_its_turn(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        factories.service(session, paused=True, paused_until=clock.utcnow() - SECOND)
        session.add(Trial(thing="service", definition={}, asked_at=clock.utcnow()))
    monkeypatch.setattr(jobs.trials, "dispatch", None)
    await jobs.attend()
    with database.read() as session:
        assert session.exec(select(Service.paused_until)).one() is None
