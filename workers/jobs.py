"""What the worker does again and again. Each job does one pass and never ends the worker."""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from webmon import clock, config
from webmon.commands import channel_leases, connectivity, follow_ups, leases
from webmon.db import DatabaseError, Session, reason
from workers.deliver import Deliverer
from workers.pipeline import Pipeline
from workers.retention import Retention

log = logging.getLogger(__name__)

JUMP = timedelta(seconds=5)
"""A difference between the wall clock and the steady one that means a stop or a step."""


class Jobs:
    """The passes over one pipeline, and over what is owed to channels."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.retention = Retention(pipeline.database)
        self.deliverer = Deliverer(pipeline.in_database, pipeline.worker_id)
        self._seen = clock.utcnow(), time.monotonic()

    async def start(self, successor_of: str | None) -> None:
        """Take over from a predecessor that has ended, and bring the backlog into step."""

        def first_pass(session: Session) -> int:
            now = clock.utcnow()
            if successor_of:
                leases.retire(session, successor_of, now=now)
            leases.tick(session, self._pipeline.worker_id, now=now)
            channel_leases.realign(session, now=now)
            if not self._pipeline.guard.targets:  # a predecessor may have had some
                connectivity.note_online(session, self._pipeline.worker_id, now=now)
            return leases.spread_backlog(session, now=now)

        overdue = await self._pipeline.in_database(first_pass)
        if overdue:
            log.info("%s checks were overdue and are spread over their interval", overdue)

    async def dispatch(self) -> None:
        """Claim and arm what is due in the coming second."""
        if self._clock_jumped():
            await self._pipeline.in_database(_realign)
        await self._pipeline.dispatch()

    def _clock_jumped(self) -> bool:
        """Whether the clock was set, or the machine slept, since the last tick."""
        wall, steady = clock.utcnow(), time.monotonic()
        before_wall, before_steady = self._seen
        self._seen = wall, steady
        passed = wall - before_wall
        return passed > JUMP or abs(passed - timedelta(seconds=steady - before_steady)) > JUMP

    async def watch_connectivity(self) -> None:
        """While the monitor itself is offline, look whether it still is."""
        await self._pipeline.guard.watch()

    async def retire_silent(self) -> None:
        """Take the leases from workers that have fallen silent."""
        silent = await self._pipeline.in_database(
            lambda session: leases.retire_silent(session, now=clock.utcnow())
        )
        for worker_id in silent:
            log.warning("worker %s has fallen silent; its checks are due again", worker_id)

    async def deliver(self) -> None:
        """Send what is due to channels that nobody sends to at present."""
        await self.deliverer.dispatch()

    async def follow_up(self) -> None:
        """Owe what time brings: reminders, the end of flapping, news that was held back."""

        def one_pass(session: Session) -> None:
            now = clock.utcnow()
            follow_ups.tell_unmuted(session, now=now)
            follow_ups.remind(session, now=now)
            follow_ups.sum_up(session, now=now)

        await self._pipeline.in_database(one_pass)

    async def delete_expired(self) -> None:
        """Delete results and roll-ups that are older than they are kept."""
        await self.retention.delete_expired()

    async def give_back_pages(self) -> None:
        """Let the database's file shrink."""
        await self.retention.give_back_pages()

    async def checkpoint(self) -> None:
        """Keep the database's log short."""
        await self.retention.checkpoint()

    async def forget_notifications(self) -> None:
        """Delete old notifications, a few at a time."""
        kept = timedelta(days=config.settings().hourly_retention_days)
        before = clock.utcnow() - kept
        while await self._pipeline.in_database(
            lambda session: follow_ups.forget_old(session, before=before)
        ):
            pass


def _realign(session: Session) -> None:
    now = clock.utcnow()
    leases.spread_backlog(session, now=now)
    channel_leases.realign(session, now=now)


def guarded(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """``job``, whose failure is logged and is no reason not to try again at the next tick."""

    async def run() -> None:
        try:
            await job()
        except DatabaseError as error:
            log.warning("job %s waits for the database: %s", job.__name__, reason(error))
        except Exception:
            # The worker's only net: whatever it is, the next tick may go well.
            log.exception("job %s failed", job.__name__)

    return run
