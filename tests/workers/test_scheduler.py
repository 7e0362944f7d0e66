"""The worker's ticks go on when the clock is set."""

from datetime import timedelta

import pytest

from tests.clock import HOUR, NOW, SECOND
from webmon import clock
from workers.clock_steps import keep_in_step
from workers.jobs import Jobs
from workers.pipeline import Pipeline
from workers.scheduler import Every, build_scheduler


@pytest.fixture
async def scheduler(database):
    """That of a worker; nothing runs, because nobody waits long enough."""
    pipeline = Pipeline(database, "w1", concurrency=2, threads=1)
    scheduler = build_scheduler(Jobs(pipeline))
    scheduler.start()
    yield scheduler
    scheduler.shutdown(wait=False)
    await pipeline.stop(0)


async def test_after_the_clock_went_back_no_job_waits_for_the_old_time(scheduler):
    earlier = clock.utcnow() - HOUR
    keep_in_step(scheduler, now=earlier)
    assert {job.next_run_time for job in scheduler.get_jobs()} == {earlier}


async def test_as_long_as_the_clock_goes_its_way_every_job_keeps_its_time(scheduler):
    before = [job.next_run_time for job in scheduler.get_jobs()]
    keep_in_step(scheduler, now=clock.utcnow())
    assert [job.next_run_time for job in scheduler.get_jobs()] == before


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW, NOW + SECOND),
        (NOW + 0.3 * SECOND, NOW + SECOND),
        (NOW + SECOND, NOW + 2 * SECOND),
        (NOW + 7.5 * SECOND, NOW + 8 * SECOND),
        (NOW + timedelta(days=20_000, milliseconds=5), NOW + timedelta(days=20_000, seconds=1)),
    ],
)
def test_what_was_missed_is_not_run_after(now, expected):
    assert Every(1).get_next_fire_time(NOW, now) == expected


def test_the_first_time_is_one_period_from_now():
    assert Every(5).get_next_fire_time(None, NOW) == NOW + 5 * SECOND


@pytest.mark.parametrize(
    ("turn", "expected"),
    [(0.0, NOW + SECOND), (0.25, NOW + 1.25 * SECOND), (0.75, NOW + 0.75 * SECOND)],
)
def test_who_takes_turns_comes_at_the_nearest_one(turn, expected):
    assert NOW.microsecond == 0
    assert Every(1, lambda: turn).get_next_fire_time(NOW, NOW) == expected
