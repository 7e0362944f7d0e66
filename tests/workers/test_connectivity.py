"""The own-connectivity guard, with real sockets: who is silent, the services or the monitor."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.probes.servers import full_queue
from webmon import clock
from webmon.commands.checks import heartbeats
from webmon.commands.inventory import services
from webmon.db import Database
from webmon.domain.checks.heartbeats import Signal
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event
from webmon.models import CheckResult, Incident, Notification, ServiceState, StatusChange
from webmon.models.history import STATUS_CODES
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from webmon.queries.system.health import offline_since
from workers import connectivity
from workers.jobs import Jobs
from workers.pipeline import Pipeline


class Door:
    """A port of this machine that takes connections while it is open."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self.port = 0
        self.visits = 0

    async def open(self) -> "Door":
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _take(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def target() -> AsyncIterator[Door]:
    door = await Door().open()
    yield door
    await door.close()


@pytest.fixture
async def service(database: Database) -> AsyncIterator[Door]:
    """What a service of one failure looks at."""
    door = await Door().open()
    with database.write() as session:
        factories.service(session, config={"port": door.port}, failures_to_down=1)
    yield door
    await door.close()


@pytest.fixture
async def pipeline(database: Database, target: Door) -> AsyncIterator[Pipeline]:
    pipeline = worker(database, target)
    await look(pipeline)
    yield pipeline
    await pipeline.stop(0)


def worker(database: Database, *targets: Door, name: str = "w1") -> Pipeline:
    addresses = [f"127.0.0.1:{door.port}" for door in targets]
    return Pipeline(database, name, concurrency=5, threads=1, connectivity_targets=addresses)


async def look(pipeline: Pipeline) -> None:
    """Check everything now."""
    with pipeline.database.write() as session:
        for state in session.exec(select(ServiceState)):
            state.next_check_at = clock.utcnow()
    await pipeline.dispatch()
    while pipeline.outstanding:
        await asyncio.sleep(0.01)
        await pipeline.record_findings()


def state(database: Database) -> ServiceState:
    with database.read() as session:
        return session.exec(select(ServiceState)).one()


def told(database: Database) -> list[str]:
    with database.read() as session:
        return [row.event for row in session.exec(select(Notification))]


def statuses(database):
    with database.read() as session:
        return session.exec(select(ServiceState.status).order_by(ServiceState.service_id)).all()


async def test_when_the_targets_are_silent_too_it_is_no_data(
    database: Database, target: Door, service: Door, pipeline: Pipeline
) -> None:
    await target.close()
    await service.close()
    for _ in range(3):
        await look(pipeline)
    after = state(database)
    assert (after.status, after.last_status) == (Status.UP, Status.UNKNOWN)
    assert (
        after.message == f"the monitor itself was offline: no answer from 127.0.0.1:{target.port}"
    )
    with database.read() as session:
        results = session.exec(select(CheckResult).order_by(CheckResult.at_ms)).all()
        assert [each.status for each in results[1:]] == [STATUS_CODES[Status.UNKNOWN]] * 3
        assert session.exec(select(Incident)).all() == []
        assert len(session.exec(select(StatusChange)).all()) == 1
    await target.open()
    await service.open()


async def test_it_is_shown_while_it_lasts_and_told_once_when_it_is_over(
    database: Database, target: Door, service: Door, pipeline: Pipeline
) -> None:
    await Jobs(pipeline).watch_connectivity()
    await target.close()
    await service.close()
    await look(pipeline)
    await Jobs(pipeline).watch_connectivity()
    with database.read() as session:
        assert offline_since(session) is not None
    assert told(database) == []
    await target.open()
    await service.open()
    await look(pipeline)
    assert state(database).last_status is Status.UNKNOWN, "it is not over before that is noted"
    for _ in range(2):
        await Jobs(pipeline).watch_connectivity()
    assert told(database) == [Event.MONITOR]
    with database.read() as session:
        assert offline_since(session) is None
    await look(pipeline)
    assert state(database).last_status is Status.UP


async def test_a_service_that_is_silent_alone_is_down_at_once(
    database: Database, target: Door, service: Door, pipeline: Pipeline
) -> None:
    await service.close()
    began = time.monotonic()
    await look(pipeline)
    assert time.monotonic() - began < connectivity.LOOK_SECONDS
    assert state(database).status is Status.DOWN
    assert told(database) == [Event.DOWN]
    await service.open()


async def test_one_target_that_answers_is_enough(
    database: Database, target: Door, service: Door
) -> None:
    silent = await Door().open()
    await silent.close()
    pipeline = worker(database, silent, target)
    await service.close()
    await look(pipeline)
    assert state(database).status is Status.DOWN
    await service.open()
    await pipeline.stop(0)


async def test_while_all_is_well_nobody_looks_at_the_targets(
    database: Database, target: Door, service: Door, pipeline: Pipeline
) -> None:
    for _ in range(3):
        await Jobs(pipeline).watch_connectivity()
        await look(pipeline)
    assert target.visits == 1, "at the start, for what a predecessor may have noted"


async def test_many_failures_share_a_look(database: Database, target: Door, service: Door) -> None:
    with database.write() as session:
        for number in range(20):
            factories.service(session, f"s{number}", config={"port": service.port})
    await service.close()
    pipeline = worker(database, target)
    await look(pipeline)
    assert target.visits <= 5
    await service.open()
    await pipeline.stop(0)


async def test_a_target_that_does_not_answer_holds_up_nobody_else(
    database: Database, service: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        silent = await Door().open()
        await silent.close()
        factories.service(session, "silent", config={"port": silent.port}, failures_to_down=1)
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hangs(_targets: object) -> bool:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(60)
        return True

    monkeypatch.setattr(connectivity, "any_answers", hangs)
    pipeline = worker(database, service)
    await pipeline.dispatch()
    async with asyncio.timeout(30):
        while statuses(database) != [Status.UP, Status.UNKNOWN]:
            await asyncio.sleep(0.01)
            await pipeline.record_findings()
    release.set()
    while pipeline.outstanding:
        await asyncio.sleep(0.01)
        await pipeline.record_findings()
    assert statuses(database) == [Status.UP, Status.DOWN]
    await pipeline.stop(0)


async def test_two_workers_tell_it_once(database: Database, target: Door, service: Door) -> None:
    workers = [worker(database, target, name=name) for name in ("w1", "w2")]
    await target.close()
    await service.close()
    for pipeline in workers:
        await look(pipeline)
        await pipeline.guard.watch()
    await target.open()
    await service.open()
    for pipeline in workers:
        await pipeline.guard.watch()
    assert told(database) == [Event.MONITOR]
    for pipeline in workers:
        await look(pipeline)
        assert state(database).last_status is Status.UP
        await pipeline.stop(0)


async def test_a_restart_while_offline_ends_it_too(
    database: Database, target: Door, service: Door
) -> None:
    pipeline = worker(database, target)
    await target.close()
    await service.close()
    await look(pipeline)
    await pipeline.guard.watch()
    await pipeline.stop(0)
    await target.open()
    await service.open()
    successor = worker(database, target, name="w2")
    await successor.guard.watch()
    assert told(database) == [Event.MONITOR]
    await successor.stop(0)


async def test_a_successor_without_targets_ends_it_too(
    database: Database, target: Door, service: Door, pipeline: Pipeline
) -> None:
    await target.close()
    await service.close()
    await look(pipeline)
    await pipeline.guard.watch()
    successor = worker(database, name="w2")
    await Jobs(successor).start(successor_of="w1")
    assert told(database) == [Event.MONITOR]
    await target.open()
    await service.open()
    await successor.stop(0)


async def test_a_heartbeat_is_not_overdue_while_offline_but_one_received_counts(
    database: Database, target: Door
) -> None:
    before = clock.utcnow() - timedelta(minutes=30)
    config = {"every": "10m", "grace": "5m"}
    with database.write() as session:
        host = factories.host(session)
        fields = {"name": "Import", "kind": "heartbeat", "config": config}
        created = services.create_service(session, host.id, fields, actor=None, now=before)
        token = heartbeat_url(session, created.id, actor=None).rpartition("/")[2]
        heartbeats.receive(session, token, Signal("success"), b"", now=before)
    await target.close()
    pipeline = worker(database, target)
    await look(pipeline)
    after = state(database)
    assert (after.status, after.last_status) == (Status.UP, Status.UNKNOWN)
    with database.write() as session:
        heartbeats.receive(session, token, Signal("failure"), b"", now=clock.utcnow())
    assert state(database).status is Status.DOWN
    await target.open()
    await pipeline.stop(0)


def test_names_that_do_not_resolve_and_ports_that_are_closed_do_not_answer() -> None:
    assert not connectivity.any_answers(["no-such-name.invalid:80", "127.0.0.1:1", "[::1]:1"])


def test_nothing_is_waited_for_longer_than_allowed() -> None:
    with full_queue() as (_, port):
        began = time.monotonic()
        assert not connectivity.any_answers([f"127.0.0.1:{port}"], seconds=0.2)
    assert time.monotonic() - began < 20, "connecting takes minutes to fail"
