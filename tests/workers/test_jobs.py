"""The worker's jobs after the clock was set."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.clock import HOUR, SECOND
from tests.commands.test_notifications import add_channel, add_site, iati
from tests.outside import deliver, outside, see
from webmon import clock
from webmon.commands import leases
from webmon.domain.status import Status
from webmon.models import ChannelState, Notification, Worker
from workers.jobs import Jobs
from workers.pipeline import Pipeline

__all__ = ["iati", "outside"]

DAY = 24 * HOUR


@pytest.fixture
async def jobs(database):
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    yield Jobs(pipeline)
    await pipeline.stop(0)


@pytest.fixture
def set_clock(monkeypatch):
    """The worker's clock, set by so much."""
    utcnow = clock.utcnow

    def set_clock(by: timedelta) -> None:
        monkeypatch.setattr(clock, "utcnow", lambda: utcnow() + by)

    return set_clock


@pytest.mark.parametrize("job", ["dispatch", "deliver", "follow_up", "retire_silent"])
async def test_whichever_job_comes_first_brings_what_is_owed_into_step(
    database, outside, iati, jobs, set_clock, job
):
    add_channel(database)
    at = clock.utcnow()
    see(database, Status.DOWN, add_site(database, iati), at=at - 5 * SECOND)
    deliver(database, at=at)
    set_clock(-HOUR)
    await getattr(jobs, job)()
    with database.read() as session:
        [row] = session.exec(select(Notification)).all()
    assert abs(row.remind_at - (at + 3 * HOUR)) < 2 * SECOND


async def test_a_day_forward_takes_no_worker_for_silent(database, jobs, set_clock):
    at = clock.utcnow()
    with database.write() as session:
        for name in ("w1", "w2"):
            leases.tick(session, name, now=at)
    set_clock(DAY)
    await jobs.retire_silent()
    with database.read() as session:
        assert session.exec(select(Worker.id).order_by(Worker.id)).all() == ["w1", "w2"]


async def test_a_start_lets_no_channel_wait_for_a_time_long_past(database, outside, iati, jobs):
    channel_id = add_channel(database)
    ahead = clock.utcnow() + HOUR
    with database.write() as session:
        state = {"last_error_at": ahead, "next_try_at": ahead, "failures": 1}
        session.add(ChannelState(channel_id=channel_id, **state))
    await jobs.start(None)
    with database.read() as session:
        assert session.get_one(ChannelState, channel_id).next_try_at is None
