"""Send the notifications that are due: several channels at once, one message at a time in each.

    tick → claim_channels → (compose → read_definition → run → note) … → hand_back

Sends run on the event loop; notifiers whose library blocks use a thread (`notifiers.base`). The
database is used in the pipeline's database thread.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from webmon import clock, notifiers
from webmon.commands.notifications import leases as channel_leases
from webmon.commands.notifications import next_message, receipts
from webmon.commands.notifications.leases import Lease
from webmon.commands.notifications.next_message import Outgoing
from webmon.db import DatabaseUnavailable, Session, reason
from webmon.notifiers.base import NotifierError, Receipt
from webmon.threads import in_thread

log = logging.getLogger(__name__)
T = TypeVar("T")

SENDERS = 32
"""Channels that are sent to at once."""

AGAIN_SECONDS = 1.0
"""Between two tries while the database does not answer."""

PROVEN_SECONDS = 1.0
"""So long after the database was asked, a message is sent without asking again."""

SOON = timedelta(seconds=0.75)
"""A message that is ready within this time is sent without waiting for the next tick. Less than a
tick, so that no tick is missed."""


class Transaction(Protocol):
    """`Pipeline.in_database`."""

    def __call__(self, work: Callable[[Session], T]) -> Awaitable[T]: ...


class Deliverer:
    """The channels that this worker sends to."""

    def __init__(self, in_database: Transaction, worker_id: str) -> None:
        self._in_database = in_database
        self._worker_id = worker_id
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._prepared: set[str] = set()
        self._stopping = False

    @property
    def outstanding(self) -> int:
        """Channels that are being sent to."""
        return len(self._under_way)

    # --- claim

    async def dispatch(self) -> None:
        """Begin to send to the channels that have something due, now or before the next tick."""
        wait = await self._begin()
        if wait is not None:
            await asyncio.sleep(wait.total_seconds())
            if not self._stopping:
                await self._begin()

    async def _begin(self) -> timedelta | None:
        """Begin with what is due; returns the time until the next message, if that is `SOON`."""
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

    # --- send

    async def _serve(self, lease: Lease) -> None:
        """Send to one channel until nothing is due, and hand it back."""
        asked = time.monotonic()
        outgoing = await self._keep_trying(
            lambda session: next_message.compose(session, lease, now=clock.utcnow())
        )
        while outgoing is not None:
            await self._prepare(outgoing.kind)
            if not await self._is_still_ours(lease, asked):
                return  # another worker has taken over, and sends it
            answer = await self._send(outgoing)
            asked = time.monotonic()
            outgoing = await self._keep_trying(partial(self._note, outgoing, answer))
        await self._keep_trying(lambda session: channel_leases.hand_back(session, lease))

    async def _prepare(self, kind: str) -> None:
        if kind not in self._prepared:
            await in_thread(partial(notifiers.prepare, kind), name="prepare")
            self._prepared.add(kind)

    async def _is_still_ours(self, lease: Lease, asked: float) -> bool:
        """Whether the lease, known to hold when the database was ``asked``, surely holds now.

        A worker that was stopped in between, or waited, may have lost it and not know.
        """
        if time.monotonic() - asked < PROVEN_SECONDS:
            return True
        return await self._keep_trying(
            lambda session: channel_leases.prove(session, lease, now=clock.utcnow())
        )

    async def _send(self, outgoing: Outgoing) -> Receipt | NotifierError:
        try:
            kind, config = notifiers.read_definition(outgoing.kind, outgoing.config)
        except NotifierError as error:
            return error
        return await notifiers.run(
            kind, config, outgoing.message, outgoing.surroundings, outgoing.reach
        )

    def _note(
        self, sent: Outgoing, answer: Receipt | NotifierError, session: Session
    ) -> Outgoing | None:
        """Note what became of a message, and compose the next one in the same transaction."""
        now = clock.utcnow()
        may_go_on = receipts.note(session, sent, answer, now=now)
        if self._stopping or not may_go_on:
            return None
        return next_message.compose(session, sent.lease, now=now)

    async def _keep_trying(self, work: Callable[[Session], T]) -> T:
        """``work`` in the database, however long that takes: what was sent has to be noted."""
        while True:
            try:
                return await self._in_database(work)
            except DatabaseUnavailable as error:
                log.warning("deliveries wait for the database: %s", reason(error))
                await asyncio.sleep(AGAIN_SECONDS)

    # --- stop

    async def stop(self, grace_seconds: float) -> None:
        """Finish the sends under way, at most for ``grace_seconds``. The worker that claims these
        channels next sends the rest again."""
        self._stopping = True
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        for task in tasks:
            task.cancel()
