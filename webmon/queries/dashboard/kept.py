"""What is worked out at most every so often, and shared by everybody who sees the same."""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlmodel import Session

Value = TypeVar("Value")

MOST_KEPT = 200


class Kept(Generic[Value]):
    """Values by their keys, each remembered for ``length``."""

    def __init__(self, length: timedelta) -> None:
        self._length = length
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, Hashable], tuple[datetime, Value]] = {}

    def of(
        self, session: Session, key: Hashable, work_out: Callable[[], Value], *, now: datetime
    ) -> Value:
        """The value of ``key`` in this database, worked out where there is none of late."""
        place = str(session.get_bind().engine.url), key
        with self._lock:
            known = self._kept.get(place)
        if known is not None and timedelta(0) <= now - known[0] < self._length:
            return known[1]
        found = work_out()
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[place] = now, found
        return found

    def forget(self) -> None:
        """Remember nothing (tests)."""
        with self._lock:
            self._kept.clear()
