"""The worker's pipeline: claimed, started at its instant, recorded, handed back."""

import asyncio
import threading
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.soon import soon
from webmon import clock, probes
from webmon.commands.checks.claims import HORIZON
from webmon.domain.checks.status import Status
from webmon.models import CheckResult, Service, ServiceState, Worker
from webmon.probes.base import ProbeKind, up
from webmon.probes.tcp import TcpConfig
from workers.jobs import Jobs, guarded
from workers.pipeline import Pipeline


class FakeProbe:
    """A probe that waits as long as it is told, and remembers when it ran."""

    def __init__(self) -> None:
        self.started: list[datetime] = []
        self.release = asyncio.Event()
        self.release.set()

    async def __call__(self, _config, _target, _timeout):
        self.started.append(clock.utcnow())
        await self.release.wait()
        return up("fine", 1000)


@pytest.fixture
def probe(monkeypatch):
    fake = FakeProbe()
    kind = ProbeKind("Fake", lambda: (TcpConfig, fake))
    monkeypatch.setitem(probes.PROBES, "tcp", kind)
    return fake


@pytest.fixture
async def pipeline(database):
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield pipeline
    await pipeline.stop(0)


def add_services(database, count, **fields):
    now = clock.utcnow()
    with database.write() as session:
        host = factories.host(session)
        for number in range(count):
            factories.service(
                session, f"s{number}", host_id=host.id, **{"next_check_at": now} | fields
            )


async def record_all(pipeline):
    """Record what is under way as soon as it has ended."""
    async with asyncio.timeout(30):
        while pipeline.outstanding:
            await asyncio.sleep(0.005)
            await pipeline.record_findings()


def states(database):
    with database.read() as session:
        return session.exec(select(ServiceState)).all()


async def test_a_due_service_is_looked_at_and_recorded(database, probe, pipeline):
    add_services(database, 1)
    await pipeline.dispatch()
    await record_all(pipeline)
    [state] = states(database)
    assert (state.status, state.message, state.worker_id) == (Status.UP, "fine", None)
    assert pipeline.outstanding == 0
    with database.read() as session:
        assert session.get(Worker, "w1") is not None
        assert len(session.exec(select(CheckResult)).all()) == 1


async def test_each_check_starts_at_its_own_instant(database, probe, pipeline):
    start = clock.utcnow()
    with database.write() as session:
        for tenth in (2, 4):
            due = start + timedelta(seconds=tenth / 10)
            factories.service(session, f"s{tenth}", next_check_at=due)
    await pipeline.dispatch()
    async with asyncio.timeout(30):
        while len(probe.started) < 2:
            await asyncio.sleep(0.01)
    first, second = ((at - start).total_seconds() for at in probe.started)
    assert first >= 0.2  # later on a busy machine
    assert second >= 0.4


async def test_who_had_to_wait_for_the_database_looks_ahead_from_then(
    database, probe, pipeline, monkeypatch
):
    at, utcnow, is_asked = clock.utcnow(), clock.utcnow, threading.Event()
    add_services(database, 1, next_check_at=at + 2 * HORIZON)

    def take_long(_session):
        is_asked.wait()
        monkeypatch.setattr(clock, "utcnow", lambda: utcnow() + 1.5 * HORIZON)

    slow = asyncio.create_task(pipeline.in_database(take_long))
    await asyncio.sleep(0)
    claiming = asyncio.create_task(pipeline.dispatch())
    await asyncio.sleep(0)
    is_asked.set()
    await asyncio.gather(slow, claiming)
    assert pipeline.outstanding == 1


async def test_no_more_checks_begin_at_once_than_allowed(database, probe, pipeline, monkeypatch):
    monkeypatch.setattr("workers.slots.PATIENCE_SECONDS", 60.0)
    add_services(database, 5)
    probe.release.clear()
    await pipeline.dispatch()
    await soon(lambda: len(probe.started) == 2)
    await asyncio.sleep(0.02)
    assert len(probe.started) == 2
    probe.release.set()
    await soon(lambda: len(probe.started) == 5)


async def test_checks_that_hang_do_not_hold_up_the_others(database, probe, pipeline):
    add_services(database, 5)
    probe.release.clear()
    await pipeline.dispatch()
    await soon(lambda: len(probe.started) == 5)
    probe.release.set()


async def test_a_library_that_is_broken_holds_up_no_other_kind(
    database, probe, pipeline, monkeypatch
):
    def broken():
        raise ImportError("no libfoo")

    add_services(database, 1)
    dns = {"kind": "dns", "config": {"name": "example.org"}, "next_check_at": clock.utcnow()}
    with database.write() as session:
        factories.service(session, "Name", **dns)
    monkeypatch.setitem(probes.PROBES, "dns", ProbeKind("Broken", broken))
    await pipeline.dispatch()
    await record_all(pipeline)
    assert sorted(state.message for state in states(database)) == [
        "fine",
        "what looks at this kind cannot be loaded: no libfoo",
    ]


async def test_a_result_that_cannot_be_stored_takes_no_other_with_it(
    database, probe, pipeline, monkeypatch
):
    async def odd(_config, _target, _timeout):
        return up("fine", 1000, what=object())

    monkeypatch.setitem(probes.PROBES, "odd", ProbeKind("Odd", lambda: (TcpConfig, odd)))
    add_services(database, 1, kind="odd")
    with database.write() as session:
        factories.service(session, "Port", next_check_at=clock.utcnow())
    await pipeline.dispatch()
    await record_all(pipeline)
    assert [state.status for state in states(database)] == [Status.UNKNOWN, Status.UP]
    assert pipeline.outstanding == 0


async def test_a_service_edited_between_two_ticks_is_looked_at_in_its_new_form(
    database, probe, pipeline
):
    add_services(database, 1)
    await pipeline.dispatch()
    await soon(lambda: probe.started)
    with database.write() as session:
        service = session.exec(select(Service)).one()
        service.revision += 1
    await record_all(pipeline)
    assert states(database)[0].last_checked_at is None
    await pipeline.dispatch()
    await record_all(pipeline)
    assert states(database)[0].last_checked_at is not None


async def test_a_stop_hands_back_what_has_not_ended(database, probe):
    add_services(database, 1)
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    probe.release.clear()
    await pipeline.dispatch()
    await soon(lambda: probe.started)
    await pipeline.stop(0.05)
    [state] = states(database)
    assert (state.worker_id, state.lease_until, state.last_checked_at) == (None, None, None)
    assert state.next_check_at <= clock.utcnow()
    with database.read() as session:
        assert session.get(Worker, "w1") is None


async def test_a_stop_records_what_ends_within_the_grace(database, probe):
    add_services(database, 1)
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    probe.release.clear()
    await pipeline.dispatch()
    await soon(lambda: probe.started)
    asyncio.get_running_loop().call_later(0.05, probe.release.set)
    await pipeline.stop(30)
    assert states(database)[0].status is Status.UP


async def test_a_configuration_that_cannot_be_used_is_no_data_with_its_reason(
    database, probe, pipeline
):
    add_services(database, 1)
    with database.write() as session:
        session.exec(select(Service)).one().config = {"port": "x"}
    await pipeline.dispatch()
    await record_all(pipeline)
    [state] = states(database)
    assert state.message.startswith("the service's configuration cannot be used")
    assert (state.status, state.last_status) == (Status.UNKNOWN, Status.UNKNOWN)


async def test_a_successor_takes_over_at_once(database, probe, pipeline):
    add_services(database, 1)
    probe.release.clear()
    dead = Pipeline(database, "old", concurrency=2, threads=1)
    await dead.dispatch()
    await Jobs(pipeline).start(successor_of="old")
    probe.release.set()
    await pipeline.dispatch()
    await record_all(dead)
    assert states(database)[0].last_checked_at is None, "the dead worker's claim is void"
    await record_all(pipeline)
    assert states(database)[0].status is Status.UP
    await dead.stop(0)


async def test_a_failing_job_does_not_end_the_worker(caplog):
    async def job():
        raise RuntimeError("boom")

    await guarded(job)()
    assert "job job failed" in caplog.text
