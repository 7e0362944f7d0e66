"""The own-connectivity guard: whether it is the monitor itself that is offline.

It is while none of the targets takes a connection. What is found wrong waits for a look at them
that began after the check had ended, so that no outage of the monitor is taken for one of a
service; the first target that answers ends the look, and nothing else waits.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from queue import Empty, SimpleQueue

from webmon import clock
from webmon.commands.checks import connectivity
from webmon.commands.checks.claims import RECEIVING
from webmon.commands.checks.record import Finding
from webmon.db import Session
from webmon.domain.checks.status import OBSERVED, Status
from webmon.probes.base import Outcome, unknown
from webmon.probes.wire.addresses import takes_connection
from webmon.threads import in_thread
from workers.deliver import Transaction

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
"""A target that has not taken a connection by then does not answer."""

LOOK_EVERY_SECONDS = 2
"""How often the targets are looked at while offline."""

SPACING_SECONDS = 0.25
"""Between two looks: many failures at once need only one."""

NEVER = datetime.min.replace(tzinfo=UTC)


class Guard:
    """What one worker knows of its own connectivity. Without targets it is always online."""

    def __init__(self, targets: Sequence[str], in_database: Transaction, worker_id: str) -> None:
        self.targets = targets
        self._in_database = in_database
        self._worker_id = worker_id
        self._offline_since: datetime | None = None
        self._over_at = NEVER
        self._is_noted = False
        # Another worker, or a predecessor, may have noted that it is offline, and not the end.
        self._is_over_unsure = True
        self._next_look: asyncio.Task[None] | None = None
        self._one_look = asyncio.Lock()
        self._looked_at = -SPACING_SECONDS

    async def judged(self, finding: Finding, kind: str) -> Finding:
        """The finding as it may be recorded: no data if the monitor was offline."""
        if not self.targets or not _needs_network(finding.outcome, kind):
            return finding
        if finding.outcome.status is not Status.UP and self._offline_since is None:
            await self._look_again()
        if self._offline_since is None and finding.at >= self._over_at:
            return finding
        return replace(finding, outcome=unknown(self._reason()))

    async def watch(self) -> None:
        """While offline, note it, look again, and note when it is over."""
        if self._offline_since is None and not self._is_over_unsure:
            return
        if self._offline_since is not None and not self._is_noted:
            await self._in_database(partial(self._note_offline, self._offline_since))
            self._is_noted = True
        async with self._one_look:
            answered = await self._look()
        if answered:
            await self._end()

    def pull_back(self, now: datetime) -> None:
        """The clock was set: nothing that is known lies ahead of it."""
        self._over_at = min(self._over_at, now)
        if self._offline_since is not None:
            self._offline_since = min(self._offline_since, now)

    # --- looking

    async def _look_again(self) -> None:
        """Wait for a look that begins after this call; all callers share the next one."""
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_next())
        await asyncio.shield(self._next_look)

    async def _look_next(self) -> None:
        async with self._one_look:
            await asyncio.sleep(self._looked_at + SPACING_SECONDS - time.monotonic())
            self._next_look = None
            if self._offline_since is None:
                await self._look()

    async def _look(self) -> bool:
        """Whether a target answers. If none does, the monitor is offline from now on."""
        began_at, self._looked_at = clock.utcnow(), time.monotonic()
        # Those that there were may have been taken away meanwhile.
        answered = not self.targets or await in_thread(
            partial(any_answers, self.targets), name="connectivity"
        )
        if not answered and self._offline_since is None:
            self._offline_since, self._is_noted = began_at, False
            log.warning("the monitor itself is offline: %s", self._silence())
        return answered

    async def _end(self) -> None:
        """Be online once that is noted, and not before: what follows from it comes first."""
        since = None if self._is_noted else self._offline_since
        now = clock.utcnow()
        is_over = await self._in_database(partial(self._note_online, since, now))
        if self._offline_since is not None:
            log.warning("the monitor itself is online again")
            self._over_at = now
        self._offline_since, self._is_over_unsure = None, not is_over

    def _note_offline(self, since: datetime, session: Session) -> None:
        connectivity.note_offline(session, self._worker_id, since=since)

    def _note_online(self, since: datetime | None, now: datetime, session: Session) -> bool:
        if since is not None:
            connectivity.note_offline(session, self._worker_id, since=since)
        return connectivity.note_online(session, self._worker_id, now=now)

    def _reason(self) -> str:
        return f"the monitor itself was offline: {self._silence()}"

    def _silence(self) -> str:
        return f"no answer from {', '.join(self.targets)}"


def _needs_network(outcome: Outcome, kind: str) -> bool:
    """Whether the network is needed to see this. A heartbeat received is one, an overdue one may
    have been lost on its way."""
    if kind in RECEIVING:
        return outcome.status is Status.DOWN and not outcome.repeated
    return outcome.status in OBSERVED


def any_answers(targets: Sequence[str], seconds: float = LOOK_SECONDS) -> bool:
    """Whether one of the targets (``host:port``) takes a connection, within ``seconds``. Blocks.

    Each is tried in a thread of its own, names included: neither a resolver that hangs nor a busy
    event loop makes a target look silent.
    """
    answers: SimpleQueue[bool] = SimpleQueue()

    def connect(target: str) -> None:
        answers.put(takes_connection(target, seconds))

    for target in targets:
        threading.Thread(target=connect, args=(target,), daemon=True).start()
    deadline = time.monotonic() + seconds
    with suppress(Empty):
        return any(
            answers.get(timeout=max(0.0, deadline - time.monotonic())) for _target in targets
        )
    return False
