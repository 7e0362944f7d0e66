"""From a claimed check to its recorded result.

Checks run on the event loop, each at its own instant; the database is spoken to in one thread of
its own, so that neither waits for the other. Results are recorded in batches.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from webmon import clock, probes
from webmon.commands.checks import workers
from webmon.commands.checks.claims import HORIZON
from webmon.commands.checks.record import DueCheck, Finding, claim_due, record
from webmon.db import Database, DatabaseUnavailable, Session, reason, within
from webmon.domain.checks.networks import ANYWHERE, Reach
from webmon.probes import CannotLook, Definition
from webmon.probes.base import Outcome, Target, unable
from webmon.probes.ssh_access import SshTarget
from workers.armed import by_instant
from workers.connectivity import Guard
from workers.slots import Slots
from workers.threads import Threads

log = logging.getLogger(__name__)
T = TypeVar("T")

JOB_SECONDS = 30.0
"""For one transaction. There is one thread for all of them: the next one waits for its end."""

RECORD_EVERY_SECONDS = 0.5
BATCH = 500
"""Results in one transaction: long enough to be cheap, short enough not to block other writers."""

MOST_WAIT_SECONDS = HORIZON.total_seconds()

CLAIMED_PER_SLOT = 20
"""Checks claimed ahead for each one that may be under way; most take far less than a second."""


class Pipeline:
    """The checks of one worker: claimed, waiting for their instant, under way, to be recorded."""

    def __init__(
        self,
        database: Database,
        worker_id: str,
        *,
        concurrency: int,
        threads: int,
        connectivity_targets: Sequence[str] = (),
    ) -> None:
        self.database = database
        self.worker_id = worker_id
        self.guard = Guard(connectivity_targets, self.in_database, worker_id)
        self._slots = Slots(concurrency)
        self._most_claimed = concurrency * CLAIMED_PER_SLOT
        self._threads = Threads(threads)
        # For the parts of probes that block: a command that runs over SSH.
        asyncio.get_running_loop().set_default_executor(self._threads)
        self._database_thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._armed: set[int] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._findings: list[Finding] = []
        self._definitions: dict[int, tuple[Definition, Reach]] = {}
        self._revisions: dict[int, int] = {}
        self._met: set[str] = set()
        self._stopping = False
        self.turn = 0.0
        """When in a second it is this worker's turn to claim, among the live workers."""

    @property
    def outstanding(self) -> int:
        """Checks claimed and not yet recorded."""
        return len(self._armed) + len(self._under_way) + len(self._findings)

    async def in_database(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in one write transaction, in the database thread."""

        def transaction() -> T:
            with within(JOB_SECONDS), self.database.write() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._database_thread, transaction)

    # --- claim

    async def dispatch(self) -> None:
        """Claim what is due within the coming second and arm each check for its own instant."""
        room = self._most_claimed - self.outstanding

        def claim(session: Session) -> list[DueCheck]:
            now = clock.utcnow()  # it may have had to wait for the database
            self.turn = workers.tick(session, self.worker_id, now=now)
            return claim_due(session, self.worker_id, limit=room, now=now, known=self._revisions)

        due = await self.in_database(claim)
        await self._meet({check.kind for check in due})
        if self._stopping:
            return  # `stop` gives back what was claimed meanwhile
        loop, arrived = asyncio.get_running_loop(), clock.utcnow().timestamp()
        for at, together in by_instant(due).items():
            self._armed.update(check.service_id for check in together)
            # The clock may have been set back just now.
            wait = min(max(0.0, at - arrived), MOST_WAIT_SECONDS)
            loop.call_later(wait, self._start, together)

    async def _meet(self, kinds: set[str]) -> None:
        """Prepare for kinds that were not seen before, where that holds up no check."""
        if new := kinds - self._met:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._database_thread, probes.prepare, new)
            self._met |= new

    def _start(self, together: list[DueCheck]) -> None:
        for check in together:
            if check.service_id not in self._armed:
                continue  # given back by `stop`
            self._armed.remove(check.service_id)
            task = asyncio.create_task(self._run(check))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a check was lost and will be repeated", exc_info=error)

    # --- probe

    async def _run(self, check: DueCheck) -> None:
        async with self._slots.place():
            at = clock.utcnow()
            outcome = await self._look(check)
        finding = Finding(check.service_id, check.claim, check.revision, at, outcome)
        self._findings.append(await self.guard.judged(finding, check.kind))

    async def _look(self, check: DueCheck) -> Outcome:
        try:
            (kind, config, ssh), reach = self._definition(check)
        except CannotLook as error:
            return unable(str(error))
        return await probes.run(
            kind,
            config,
            Target(check.address, heartbeat=check.heartbeat, ssh=_knowing(ssh, check.host_keys)),
            timeout=check.timeout_seconds,
            degraded_above_ms=check.degraded_above_ms,
            reach=reach,
        )

    def _definition(self, check: DueCheck) -> tuple[Definition, Reach]:
        """Read once per edit of the service, its host, or what its namespace may look at."""
        if check.config is not None:
            read = probes.read_definition(check.kind, check.config, check.ssh)
            self._definitions[check.service_id] = read, check.reach or ANYWHERE
            self._revisions[check.service_id] = check.revision
        return self._definitions[check.service_id]

    # --- record

    async def keep_recording(self) -> None:
        """Record what was found, twice a second, until cancelled."""
        while True:
            await asyncio.sleep(RECORD_EVERY_SECONDS)
            await self.record_findings()

    async def record_findings(self) -> None:
        """Record what was found so far. Without the database it is kept for the next time."""
        while self._findings:
            batch = self._findings[:BATCH]
            try:
                await self._record(batch)
            except DatabaseUnavailable as error:
                log.warning("results wait for the database: %s", reason(error))
                return
            del self._findings[: len(batch)]

    async def _record(self, batch: list[Finding]) -> None:
        try:
            await self.in_database(lambda s: record(s, batch, now=clock.utcnow()))
        except DatabaseUnavailable:
            raise
        except Exception:
            # Any exception: one bad result must not lose the others or end this loop.
            if len(batch) == 1:
                log.exception("the result of service %s was refused", batch[0].service_id)
                return
            for finding in batch:
                await self._record([finding])

    # --- stop

    async def stop(self, grace_seconds: float) -> None:
        """Finish what is under way, at most for ``grace_seconds``, and hand back the rest."""
        self._stopping = True
        self._armed.clear()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_seconds)
        for task in list(self._under_way):
            task.cancel()
        await self.record_findings()
        await self.in_database(
            lambda session: workers.retire(session, self.worker_id, now=clock.utcnow())
        )
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._database_thread.shutdown(wait=True)


def _knowing(ssh: SshTarget, host_keys: dict[str, Any] | None) -> SshTarget:
    return ssh if host_keys is None else replace(ssh, host_keys=host_keys)
