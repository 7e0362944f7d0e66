"""Settle the days that are over, beside the checks."""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

from webmon import clock
from webmon.commands.history import daily_uptime
from webmon.commands.history.daily_uptime import SettledDay, Unsettled
from webmon.db import Database, Session
from webmon.domain.calendar import utc_day, utc_midnight
from webmon.domain.uptime import Period, uptime
from webmon.queries.history.timelines import service, timelines
from workers.retention import PAUSE_SECONDS
from workers.threads import in_thread


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


def settle_some(session: Session, *, after: int, now: datetime) -> int | None:
    """Settle some days of the next services; returns where to go on, None at the end.

    A service that has many of them, as all do after an update from an older version, is done in
    several steps.
    """
    services = daily_uptime.lock_unsettled(session, after=after, now=now)
    if not services:
        return None
    daily_uptime.store_days(session, services, _days(session, services))
    is_done = all(each.until_day == utc_day(now) for each in services)
    return services[-1].service_id if is_done else after


def _days(session: Session, services: Sequence[Unsettled]) -> Iterator[SettledDay]:
    wanted = {each.service_id: each for each in services}
    since = utc_midnight(min(each.first_day for each in services))
    until = utc_midnight(max(each.until_day for each in services))
    if since == until:
        return
    for watched in timelines(session, service.id.in_(wanted), since=since, now=until):
        _, first, end = wanted[watched.service_id]
        for day in range(first, end):
            period = Period(utc_midnight(day), utc_midnight(day + 1))
            yield SettledDay(watched.service_id, day, uptime(watched.line, period))
