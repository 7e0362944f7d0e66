"""The worker's jobs after the clock was set."""

import time
from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, outbox
from tests.outside import deliver, outside, see
from webmon import clock
from webmon.commands.checks import workers
from webmon.commands.checks.claims import claim_due
from webmon.commands.notifications import follow_ups
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import MOST_CHANGES, QUIET
from webmon.models import ChannelState, Notification, ServiceState, Worker
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


async def test_what_stays_held_back_keeps_nothing_else_from_being_told(
    database, outside, iati, jobs, monkeypatch
):
    monkeypatch.setattr(follow_ups, "MOST_AT_ONCE", 2)
    channel_id = add_channel(database)
    at = clock.utcnow()
    fronts = []
    for host in ("Long", "Short"):
        site = add_site(database, iati, host, "A", "B")
        fronts.append(add_service(database, site, "Front", critical=True))
        see(database, Status.DOWN, fronts[-1], site, site + 1, at=at)
    see(database, Status.UP, fronts[-1], at=at + SECOND)
    await jobs.follow_up()
    await jobs.follow_up()
    told = [event for event, delivery, _ in outbox(database, channel_id) if delivery == "queued"]
    assert told == ["down", "down", "up", "down", "down"]


async def test_a_service_that_goes_on_flapping_lets_others_be_summed_up(
    database, outside, iati, jobs, set_clock, monkeypatch
):
    monkeypatch.setattr(follow_ups, "MOST_AT_ONCE", 1)
    channel_id = add_channel(database)
    at = clock.utcnow()
    restless, settled = (add_site(database, iati, host) for host in ("Restless", "Settled"))
    for turn in range(MOST_CHANGES + 2):
        status = Status.UP if turn % 2 else Status.DOWN
        see(database, status, restless, settled, at=at + turn * SECOND)
    see(database, Status.DOWN, restless, at=at + QUIET)
    set_clock(QUIET + MINUTE)
    await jobs.follow_up()
    await jobs.follow_up()
    told = [event for event, delivery, _ in outbox(database, channel_id) if delivery == "queued"]
    assert told[-3:] == ["flapping", "flapping", "up"]


async def test_a_day_forward_takes_no_worker_for_silent(database, jobs, set_clock):
    at = clock.utcnow()
    with database.write() as session:
        for name in ("w1", "w2"):
            workers.tick(session, name, now=at)
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


async def test_a_worker_that_stood_still_does_not_say_that_the_clock_went_back(
    jobs, set_clock, monkeypatch, caplog
):
    steady = time.monotonic
    set_clock(10 * MINUTE)
    monkeypatch.setattr("workers.clock_steps.time.monotonic", lambda: steady() + 600.01)
    await jobs.dispatch()
    assert "the clock went forward, or this worker stood still" in caplog.text


async def test_nothing_is_deleted_for_its_age_just_after_the_clock_went_far_forward(
    jobs, monkeypatch
):
    """A wrong setting can be corrected."""
    wall, steady, passes = [clock.utcnow()], [1000.0], []

    async def delete_expired():
        passes.append(wall[0])

    monkeypatch.setattr(clock, "utcnow", lambda: wall[0])
    monkeypatch.setattr("workers.clock_steps.time.monotonic", lambda: steady[0])
    monkeypatch.setattr(jobs.retention, "delete_expired", delete_expired)
    jobs.clock_steps.seen = wall[0], steady[0]
    await jobs.delete_expired()
    for step in (DAY, -DAY):
        wall[0] += step
        await jobs.delete_expired()
    assert len(passes) == 1
    steady[0] += 3600
    wall[0] += HOUR
    jobs.clock_steps.seen = wall[0], steady[0]  # the ticks of an hour
    await jobs.delete_expired()
    assert len(passes) == 2


async def test_what_is_under_way_when_the_clock_is_set_is_not_begun_again(
    database, jobs, set_clock
):
    with database.write() as session:
        for worker in ("w1", "w2"):
            factories.service(session, worker, next_check_at=clock.utcnow())
            workers.tick(session, worker, now=clock.utcnow())
            claim_due(session, worker, limit=1, now=clock.utcnow())
    for step in (DAY, -HOUR):
        set_clock(step)
        await jobs.dispatch()
        with database.read() as session:
            states = session.exec(select(ServiceState)).all()
        assert [state.claim for state in states] == [1, 1]
        assert all(state.lease_until > clock.utcnow() for state in states)


async def test_a_step_without_the_database_is_followed_later(database, jobs, set_clock):
    with database.write() as session:
        factories.service(session, interval_seconds=20, next_check_at=clock.utcnow() + 9 * SECOND)
    set_clock(-HOUR)
    in_database, jobs._pipeline.in_database = jobs._pipeline.in_database, unavailable
    with pytest.raises(ConnectionError):
        await jobs.dispatch()
    jobs._pipeline.in_database = in_database
    await jobs.dispatch()
    with database.read() as session:
        state = session.exec(select(ServiceState)).one()
    assert state.next_check_at <= clock.utcnow() + 20 * SECOND


async def unavailable(_work):
    raise ConnectionError
