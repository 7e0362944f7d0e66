"""Wait for what comes by itself, for as long as a busy machine may need."""

import asyncio
from collections.abc import Callable
from typing import Any


async def soon(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Return once ``condition()`` holds.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
