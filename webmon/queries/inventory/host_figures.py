"""Uptime and response times of hosts in the list.

They sum up a month and a day of each service, so they are worked out at most every half minute and
shared by everybody who sees the same hosts.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlmodel import Session

from webmon.queries.history.response_times import last_day
from webmon.queries.history.uptime import MonthUptime, month_of_hosts

SHARED_FOR = timedelta(seconds=30)
MOST_KEPT = 20_000

Figure = TypeVar("Figure")


class Shared(Generic[Figure]):
    """The figures of rows by their ids, remembered for half a minute."""

    def __init__(
        self, work_out: Callable[[Session, Sequence[int], datetime], Mapping[int, Figure]]
    ) -> None:
        self._work_out = work_out
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], tuple[datetime, Figure | None]] = {}

    def of(self, session: Session, ids: Sequence[int], *, now: datetime) -> dict[int, Figure]:
        """The figures of those of ``ids`` that have any."""
        database = str(session.get_bind().engine.url)
        with self._lock:
            kept = {each: self._kept.get((database, each)) for each in ids}
        known = {
            each: found[1]
            for each, found in kept.items()
            if found is not None and timedelta(0) <= now - found[0] < SHARED_FOR
        }
        if missing := [each for each in ids if each not in known]:
            found = self._work_out(session, missing, now)
            known |= {each: found.get(each) for each in missing}
            with self._lock:
                if len(self._kept) + len(missing) > MOST_KEPT:
                    self._kept.clear()
                self._kept |= {(database, each): (now, known[each]) for each in missing}
        return {each: figure for each, figure in known.items() if figure is not None}

    def forget(self) -> None:
        """Remember nothing (tests)."""
        with self._lock:
            self._kept.clear()


def _p95(session: Session, service_ids: Sequence[int], now: datetime) -> Mapping[int, int]:
    times = last_day(session, service_ids, now=now)
    return {key: each.p95_us for key, each in times.items() if each.p95_us is not None}


month_uptimes: Shared[MonthUptime] = Shared(lambda s, ids, now: month_of_hosts(s, ids, now=now))
"""By the ids of hosts."""

day_p95: Shared[int] = Shared(_p95)
"""What 95 % of the answers of the last 24 hours did not exceed, in microseconds; by services."""


def forget() -> None:
    """Forget what is shared (tests)."""
    month_uptimes.forget()
    day_p95.forget()
