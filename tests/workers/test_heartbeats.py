"""An overdue heartbeat in the worker: claimed like any check, judged by what was reported."""

import re
from datetime import timedelta

from sqlmodel import select

from tests import factories
from tests.soon import soon
from webmon import clock
from webmon.commands.checks import heartbeats
from webmon.commands.inventory import services
from webmon.db import Database
from webmon.domain.checks.heartbeats import Signal
from webmon.domain.checks.status import Status
from webmon.models import Heartbeat, Incident, ServiceState
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from workers.pipeline import Pipeline

SUCCESS = Signal("success")
FIELDS = {"name": "Import", "kind": "heartbeat", "config": {"every": "10m", "grace": "5m"}}


def create(database: Database) -> str:
    """A service whose job last reported half an hour ago; its token."""
    before = clock.utcnow() - timedelta(minutes=30)
    with database.write() as session:
        host = factories.host(session)
        service = services.create_service(session, host.id, FIELDS, actor=None, now=before)
        token = heartbeat_url(session, service.id, actor=None).rpartition("/")[2]
        heartbeats.receive(session, token, SUCCESS, b"", now=before)
    return token


def state(database: Database) -> ServiceState:
    with database.read() as session:
        return session.exec(select(ServiceState)).one()


async def test_the_worker_finds_a_heartbeat_overdue(database: Database) -> None:
    create(database)
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    await pipeline.dispatch()
    await soon(lambda: not (pipeline._armed or pipeline._under_way))
    await pipeline.stop(30)
    after = state(database)
    assert (after.status, after.worker_id) == (Status.DOWN, None)
    assert after.message.startswith("no heartbeat since")
    assert re.search(r"\(30 min( \d+ s)? ago\); it was due by", after.message)


async def test_a_heartbeat_between_the_look_and_its_recording_wins(database: Database) -> None:
    token = create(database)
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    await pipeline.dispatch()
    await soon(lambda: not (pipeline._armed or pipeline._under_way))
    assert pipeline.outstanding == 1
    with database.write() as session:
        heartbeats.receive(session, token, SUCCESS, b"", now=clock.utcnow())
    await pipeline.stop(30)
    assert state(database).status is Status.UP
    with database.read() as session:
        assert session.exec(select(Incident)).all() == []
        last_at = session.exec(select(Heartbeat)).one().last_at
    assert last_at is not None
    assert state(database).next_check_at == last_at + timedelta(minutes=15)
