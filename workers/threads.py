"""The thread pool for checks that block: few threads work, many may wait for a host."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

from workers.slots import PATIENCE_SECONDS, WAITING_PER_PLACE

P = ParamSpec("P")
T = TypeVar("T")


class Threads(ThreadPoolExecutor):
    """Runs at most ``places`` functions at once. A function that takes long is waiting for its
    peer and costs nothing, so the next one gets its place, as in `Slots`."""

    def __init__(self, places: int) -> None:
        super().__init__(places * WAITING_PER_PLACE, thread_name_prefix="probe")
        self._loop = asyncio.get_running_loop()
        self._places = threading.Semaphore(places)

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor.submit`."""

        def run() -> T:
            self._places.acquire()
            place = _Place(self._places)
            self._in_loop(lambda: self._loop.call_later(PATIENCE_SECONDS, place.give_back))
            try:
                return work(*args, **kwargs)
            finally:
                place.give_back()

        return super().submit(run)

    def _in_loop(self, what: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what)


class _Place:
    """One place, given back once, by the first that asks."""

    def __init__(self, places: threading.Semaphore) -> None:
        self._places = places
        self._held = threading.Lock()

    def give_back(self) -> None:
        if self._held.acquire(blocking=False):
            self._places.release()
