"""How many checks are under way at once, without the ones that hang standing in the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE_SECONDS = 0.25
"""A check that takes longer waits for its peer and costs nothing: the next one gets its place."""

WAITING_PER_PLACE = 10
"""How many checks may be open for each that may be under way."""


class Slots:
    """Places for checks under way."""

    def __init__(self, places: int) -> None:
        self._open = asyncio.Semaphore(places * WAITING_PER_PLACE)
        self._busy = asyncio.Semaphore(places)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it for a moment at most."""
        async with self._open:
            await self._busy.acquire()
            held = _Place(self._busy)
            timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, held.give_back)
            try:
                yield
            finally:
                timer.cancel()
                held.give_back()


class _Place:
    """One place, given back once however often that is asked for."""

    __slots__ = ("_busy", "_held")

    def __init__(self, busy: asyncio.Semaphore) -> None:
        self._busy = busy
        self._held = True

    def give_back(self) -> None:
        if self._held:
            self._held = False
            self._busy.release()
