"""A question to the database that is under way only once, and that nobody waits for too long."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 5.0
"""Less than the ten seconds that the public page itself waits for the server."""


class Question(Generic[Answer]):
    """Asked in a thread. A database that is silent costs one thread, however often it is asked."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None

    async def answer(self) -> Answer:
        """The answer; shared with a caller that asked before and still waits.

        Raises:
            TimeoutError: it did not come in time; or what asking raises.
        """
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(asyncio.to_thread(self._ask))
            asking.add_done_callback(_note)
        await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
        if not asking.done():
            raise TimeoutError(f"no answer within {PATIENCE_SECONDS:g} s")
        return asking.result()


def _note(asked: asyncio.Task[Answer]) -> None:
    """An error that came too late for anybody is no news."""
    if not asked.cancelled():
        asked.exception()
