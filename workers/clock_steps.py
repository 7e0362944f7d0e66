"""Notice that the wall clock was set, or that the machine slept, and bring the worker into step.

What is stored is brought into step by `commands.checks.clock_steps` and
`commands.notifications.clock_steps`; this module decides when that is done.
"""

import asyncio
import logging
import math
import time
from datetime import datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from webmon import clock
from webmon.commands.checks import clock_steps
from webmon.commands.notifications.clock_steps import realign_leases, realign_messages
from webmon.domain.durations import in_words
from workers.pipeline import Pipeline

log = logging.getLogger(__name__)

JUMP = timedelta(seconds=5)
"""A difference between the wall clock and the steady one that means a stop or a step."""

DOUBTFUL = timedelta(hours=1)
"""After a step forward by more than this, nothing is deleted for its age for this long: a clock
that was set by mistake may be set back."""

WATCH_SECONDS = 1.0
"""How often the scheduler's jobs are compared with the clock."""

SLACK = timedelta(seconds=1)
NOTHING = timedelta(0)


class ClockSteps:
    """Compares the wall clock with the steady one, and follows each step once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.seen = clock.utcnow(), time.monotonic()
        """Both clocks when they were compared last."""
        self._one_at_a_time = asyncio.Lock()
        self._doubtful_until = -math.inf

    async def follow(self) -> None:
        """Bring what is stored into step if the clock was set, or the machine slept, since the
        last call. Every job that goes by stored instants begins with this."""
        async with self._one_at_a_time:
            wall, steady = clock.utcnow(), time.monotonic()
            before_wall, before_steady = self.seen
            passed, lasted = wall - before_wall, timedelta(seconds=steady - before_steady)
            if passed > JUMP or abs(passed - lasted) > JUMP:
                if passed > DOUBTFUL:
                    self._doubtful_until = steady + DOUBTFUL.total_seconds()
                back = lasted - passed
                await self._realign(back if back > JUMP else NOTHING)
            self.seen = wall, steady  # not before: without the database it is tried again

    async def is_sure_of_the_time(self) -> bool:
        """Whether what seems to be old may be deleted."""
        await self.follow()
        return time.monotonic() >= self._doubtful_until

    async def _realign(self, back: timedelta) -> None:
        now = clock.utcnow()
        spread = await self._pipeline.in_database(partial(clock_steps.realign, now=now))
        await self.realign_channels(back)
        self._pipeline.guard.pull_back(now)
        what = "went forward, or this worker stood still"
        if back:
            what = f"went back by {in_words(back.total_seconds())}"
        log.warning("the clock %s; %s checks are spread over their interval", what, spread)

    async def realign_channels(self, back: timedelta = NOTHING) -> None:
        """In two transactions: sending locks a channel and then the outbox, or the reverse."""
        now = clock.utcnow()
        for realign in (realign_messages, realign_leases):
            await self._pipeline.in_database(partial(realign, now=now, back=back))


async def watch(scheduler: AsyncIOScheduler) -> None:
    """Keep the scheduler's jobs in step, until cancelled."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        keep_in_step(scheduler, now=clock.utcnow())


def keep_in_step(scheduler: AsyncIOScheduler, *, now: datetime) -> None:
    """Run the jobs whose time lies further ahead than it can: the clock has gone back.

    APScheduler goes by the clock, and would do nothing until it shows the old time again.
    """
    for job in scheduler.get_jobs():
        if job.next_run_time > now + job.trigger.period + SLACK:
            job.modify(next_run_time=now)
