"""Settle the days that are over, beside the checks."""

import threading

from webmon import clock
from webmon.commands.history.daily_uptime import settle_some
from webmon.db import Database
from webmon.threads import in_thread
from workers.retention import PAUSE_SECONDS


class Settling:
    """Settles all services in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()

    async def settle(self) -> None:
        """One pass over all services; ordinarily there is nothing to do but after midnight."""
        await in_thread(self._settle, name="settling")

    def stop(self) -> None:
        """End a pass that is under way after its present step."""
        self._stopping.set()

    def _settle(self) -> None:
        after: int | None = 0
        while after is not None and not self._stopping.is_set():
            with self._database.write() as session:
                after = settle_some(session, after=after, now=clock.utcnow())
            if after is not None:
                self._stopping.wait(PAUSE_SECONDS)
