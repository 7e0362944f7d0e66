"""Send what is owed: channels side by side, each one message after the other.

The database is spoken to in the pipeline's thread; each send blocks in a thread of its own, which
does not hold up the end of the process.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from webmon import clock
from webmon.commands.notifications import leases as channel_leases
from webmon.commands.notifications import next_message, receipts
from webmon.commands.notifications.leases import Lease
from webmon.commands.notifications.next_message import Outgoing
from webmon.db import DatabaseUnavailable, Session, reason
from webmon.notifiers.base import NotifierError, Receipt
from workers.threads import in_thread

log = logging.getLogger(__name__)
T = TypeVar("T")

SENDERS = 32
"""Channels that are sent to at once."""

LONGEST_SEND_SECONDS = 60.0
"""A notifier ends within half a minute; whatever hangs longer has failed. Less than the lease."""

AGAIN_SECONDS = 1.0

SOON = timedelta(seconds=0.75)
"""What is ready so soon is not left to the next tick. Less than a tick, so that none is missed."""


class Transaction(Protocol):
    """`Pipeline.in_database`."""

    def __call__(self, work: Callable[[Session], T]) -> Awaitable[T]: ...


class Deliverer:
    """The channels that this worker sends to."""

    def __init__(self, in_database: Transaction, worker_id: str) -> None:
        self._in_database = in_database
        self._worker_id = worker_id
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._stopping = False

    @property
    def outstanding(self) -> int:
        """Channels that are being sent to."""
        return len(self._under_way)

    async def dispatch(self) -> None:
        """Begin to send to the channels that have something due, now or before the next tick."""
        wait = await self._begin()
        if wait is not None:
            await asyncio.sleep(wait.total_seconds())
            if not self._stopping:
                await self._begin()

    async def _begin(self) -> timedelta | None:
        """Begin with what is due; returns how long the next is to be waited for, if it is soon."""
        most = SENDERS - len(self._under_way)

        def claim(session: Session) -> tuple[list[Lease], timedelta | None]:
            now = clock.utcnow()
            leases = channel_leases.claim_channels(
                session, self._worker_id, most=most, under_way=tuple(self._under_way), now=now
            )
            ready_at = channel_leases.next_ready_at(session, now=now, before=now + SOON)
            return leases, None if ready_at is None else ready_at - now

        leases, wait = await self._in_database(claim)
        for lease in leases:
            if self._stopping:
                return None  # the lease ends with the worker
            task = asyncio.create_task(self._serve(lease))
            self._under_way[lease.channel_id] = task
            task.add_done_callback(partial(self._ended, lease.channel_id))
        return wait

    def _ended(self, channel_id: int, task: asyncio.Task[None]) -> None:
        if self._under_way.get(channel_id) is task:
            del self._under_way[channel_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("sending to channel %s was cut off", channel_id, exc_info=error)

    async def _serve(self, lease: Lease) -> None:
        """Send to one channel until nothing is due, and hand it back."""
        outgoing = await self._settled(
            lambda session: next_message.compose(session, lease, now=clock.utcnow())
        )
        while outgoing is not None:
            outgoing = await self._send(outgoing)
        await self._settled(lambda session: channel_leases.hand_back(session, lease))

    async def _send(self, outgoing: Outgoing) -> Outgoing | None:
        """Send one message, note what became of it, and compose the next one."""
        answer = await _sent(outgoing)

        def settle(session: Session) -> Outgoing | None:
            now = clock.utcnow()
            if isinstance(answer, Receipt):
                receipts.delivered(session, outgoing, answer, now=now)
            else:
                receipts.refused(session, outgoing, answer, now=now)
                if not outgoing.is_test or answer.retry_after_seconds is not None:
                    return None
            if self._stopping:
                return None
            return next_message.compose(session, outgoing.lease, now=now)

        return await self._settled(settle)

    async def _settled(self, work: Callable[[Session], T]) -> T:
        """``work`` in the database, however long that takes: what was sent has to be noted."""
        while True:
            try:
                return await self._in_database(work)
            except DatabaseUnavailable as error:
                log.warning("deliveries wait for the database: %s", reason(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def stop(self, grace_seconds: float) -> None:
        """Finish the sends under way, at most for ``grace_seconds``; the rest is sent again by
        whoever comes next."""
        self._stopping = True
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()


async def _sent(outgoing: Outgoing) -> Receipt | NotifierError:
    """What the channel says to the message; whatever happens is one of the two."""
    try:
        return await asyncio.wait_for(
            in_thread(lambda: _notify(outgoing), name="notify"), timeout=LONGEST_SEND_SECONDS
        )
    except NotifierError as error:
        return error
    except TimeoutError:
        text = f"no answer within {LONGEST_SEND_SECONDS:g} s"
        return NotifierError(text, may_have_arrived=True)
    except Exception as error:
        # The one place where a notifier's own fault is caught: it must not lose the message.
        log.exception("the notifier %s failed", outgoing.kind)
        return NotifierError(f"sending failed: {type(error).__name__}")


def _notify(outgoing: Outgoing) -> Receipt:
    kind, config = next_message.kind_and_config(outgoing)
    return kind.send(config, outgoing.message, outgoing.surroundings)
