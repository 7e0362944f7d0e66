"""How many checks are under way at once, without the ones that hang standing in the way."""

import asyncio

PATIENCE_SECONDS = 0.25
"""A check that takes longer waits for its peer and costs nothing: the next one gets its place."""

WAITING_PER_PLACE = 10
"""How many checks may be open for each that may be under way."""


class Slots:
    """Places for checks under way."""

    def __init__(self, places: int) -> None:
        self._open = asyncio.Semaphore(places * WAITING_PER_PLACE)
        self._busy = asyncio.Semaphore(places)

    def place(self) -> "Place":
        """A place, to be waited for with ``async with`` and held for a moment at most."""
        return Place(self._open, self._busy)


class Place:
    """One place, given back once: at the end, or when the moment is over."""

    __slots__ = ("_busy", "_held", "_open", "_timer")

    def __init__(self, is_open: asyncio.Semaphore, busy: asyncio.Semaphore) -> None:
        self._open = is_open
        self._busy = busy
        self._held = False
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._open.acquire()
        try:
            await self._busy.acquire()
        except BaseException:
            self._open.release()
            raise
        self._held = True
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_back)

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._give_back()
        self._open.release()

    def _give_back(self) -> None:
        if self._held:
            self._held = False
            self._busy.release()
