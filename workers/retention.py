"""Keep the database as small as the settings say, beside the checks and never in their way."""

import logging
import threading

from webmon import clock
from webmon.commands.history import retention
from webmon.commands.history.retention import Kept
from webmon.db import Database
from webmon.queries.installation import installation
from webmon.threads import in_thread

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.02
"""Pause between two transactions, so that other writers get the lock."""


class Retention:
    """Deletes what has expired, and gives freed pages back, in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_sqlite = database.is_sqlite
        self._stopping = threading.Event()

    async def delete_expired(self) -> None:
        """One pass over all services, if one is due and no other worker makes it."""
        deleted = await in_thread(self._delete_expired, name="retention")
        if deleted:
            log.debug("%s old results and roll-ups are deleted", deleted)

    async def give_back_pages(self) -> None:
        """Let the SQLite file shrink by what is free."""
        await in_thread(self._give_back_pages, name="vacuum")

    async def checkpoint(self) -> None:
        """Keep SQLite's log short, so that no check has to."""
        await in_thread(self._database.checkpoint, name="checkpoint")

    def stop(self) -> None:
        """End a pass that is under way after its present step."""
        self._stopping.set()

    def _delete_expired(self) -> int:
        with self._database.write() as session:
            if not retention.begin_pass(session, now=clock.utcnow()):
                return 0
            settings = installation(session)
        kept = Kept.at(
            clock.utcnow(),
            raw_days=settings.raw_retention_days,
            hourly_days=settings.hourly_retention_days,
        )
        deleted, after = 0, 0
        while not self._stopping.is_set():
            with self._database.write() as session:
                step = retention.delete_expired(session, kept, after=after)
            deleted += step.deleted
            if step.after is None:
                break
            after = step.after
            self._stopping.wait(PAUSE_SECONDS)
        return deleted

    def _give_back_pages(self) -> None:
        while not self._stopping.is_set() and self._database.give_back_pages():
            self._stopping.wait(PAUSE_SECONDS)
