"""What is worked out at most every so often, and shared by everybody who sees the same."""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlmodel import Session

Value = TypeVar("Value")

MOST_KEPT = 200
LATELY = timedelta(seconds=1)
"""For so long what one tab has read at a tick goes for the ticks of others that show the same."""

_all: list["Kept[Any]"] = []


class Kept(Generic[Value]):
    """Values by their keys, each remembered for ``length``."""

    def __init__(self, length: timedelta) -> None:
        self.length = length
        self._lock = threading.Lock()
        self._generation = 0
        self._kept: dict[tuple[str, Hashable], tuple[datetime, Value]] = {}
        _all.append(self)

    def of(
        self, session: Session, key: Hashable, work_out: Callable[[], Value], *, now: datetime
    ) -> Value:
        """The value of ``key`` in this database, worked out where there is none of late."""
        place = str(session.get_bind().engine.url), key
        with self._lock:
            known, generation = self._kept.get(place), self._generation
        if known is not None and timedelta(0) <= now - known[0] < self.length:
            return known[1]
        found = work_out()
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            if generation == self._generation:
                self._kept[place] = now, found
        return found

    def forget(self) -> None:
        """Remember nothing, nor what is just being worked out."""
        with self._lock:
            self._kept.clear()
            self._generation += 1


def forget_lately() -> None:
    """Forget what ticks share: somebody has changed something, and sees it at the next tick."""
    for each in _all:
        if each.length <= LATELY:
            each.forget()


def forget_kept() -> None:
    """Forget everything (tests)."""
    for each in _all:
        each.forget()
