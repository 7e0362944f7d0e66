"""The monitor reports in elsewhere, but only while it really works."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests import factories
from tests.clock import MINUTE
from webmon import clock, config, db
from webmon.models import ChannelState, Notification, Service
from webmon.models.notifications import Delivery
from webmon.queries.system.work import what_stands_still
from workers.jobs import Jobs
from workers.pipeline import Pipeline
from workers.scheduler import build_scheduler


@pytest.fixture
async def calls() -> AsyncIterator[list[str]]:
    """The first lines of the requests that the other monitor gets; it is at ``calls[0]``."""
    got: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append((await reader.readline()).decode().strip())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    got.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ping/secret")
    async with server:
        yield got


@pytest.fixture
async def jobs(
    database: db.Database, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Jobs]:
    monkeypatch.setenv("WEBMON_HEARTBEAT_URL", calls[0])
    config.settings.cache_clear()
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield Jobs(pipeline)
    await pipeline.stop(0)


def checked(database: db.Database, ago: timedelta, late: timedelta = timedelta(0)) -> Service:
    """A service of one minute, looked at so long ago, whose next check is so late."""
    now = clock.utcnow()
    with database.write() as session:
        return factories.service(session, last_checked_at=now - ago, next_check_at=now - late)


async def test_it_is_called_while_checks_are_recorded(
    database: db.Database, jobs: Jobs, calls: list[str]
) -> None:
    checked(database, MINUTE)
    await jobs.report_in()
    assert calls[1:] == ["GET /ping/secret HTTP/1.1"]
    assert "report_in" in {job.id for job in build_scheduler(jobs).get_jobs()}


@pytest.mark.parametrize(
    ("ago", "late", "why"),
    [
        (4 * MINUTE, timedelta(0), "no result has been recorded lately"),
        (MINUTE, 3 * MINUTE, "checks are late by 3 min"),
    ],
)
async def test_it_is_not_called_while_nothing_is_recorded(
    database: db.Database,
    jobs: Jobs,
    calls: list[str],
    caplog: pytest.LogCaptureFixture,
    ago: timedelta,
    late: timedelta,
    why: str,
) -> None:
    checked(database, ago, late)
    for _ in range(2):
        await jobs.report_in()
    assert calls[1:] == []
    assert [record.getMessage() for record in caplog.records] == [f"no heartbeat is sent: {why}"]


@pytest.mark.parametrize(("failures", "called"), [(0, False), (1, True)])
async def test_a_message_that_waits_counts_unless_its_channel_is_to_blame(
    database: db.Database, jobs: Jobs, calls: list[str], failures: int, called: bool
) -> None:
    checked(database, MINUTE)
    now = clock.utcnow()
    with database.write() as session:
        channel = factories.channel(session)
        session.add(ChannelState(channel_id=channel.id, failures=failures))
        session.add(
            Notification(
                channel_id=channel.id,
                cause="test:1",
                event="down",
                payload={},
                created_at=now,
                delivery=Delivery.QUEUED,
                ready_at=now - 6 * MINUTE,
            )
        )
    await jobs.report_in()
    assert bool(calls[1:]) is called


async def test_a_place_that_does_not_answer_is_said_once(
    database: db.Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WEBMON_HEARTBEAT_URL", "http://127.0.0.1:1/secret")
    config.settings.cache_clear()
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    jobs = Jobs(pipeline)
    for _ in range(2):
        await jobs.report_in()
    await pipeline.stop(0)
    assert len(caplog.records) == 1 and "secret" not in caplog.text


async def test_a_database_that_cannot_be_written_is_no_reason_to_call(
    database: db.Database, jobs: Jobs, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_work: object) -> None:
        raise db.DatabaseUnavailable("", None, OSError("only a replica"))

    with monkeypatch.context() as patched:
        patched.setattr(jobs._pipeline, "in_database", refuse)
        with pytest.raises(db.DatabaseUnavailable):
            await jobs.report_in()
    assert calls[1:] == []


def test_nothing_to_look_at_and_paused_services_are_no_fault(database: db.Database) -> None:
    now = clock.utcnow()
    with database.write() as session:
        assert what_stands_still(session, now=now) == {}
        factories.service(session, paused=True, next_check_at=None)
        assert what_stands_still(session, now=now) == {}
