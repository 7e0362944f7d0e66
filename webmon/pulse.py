"""The sign of life that a process gives to `webmon up`, which started it.

A process can be alive and do nothing: it waits for something that never comes. So the worker gives
a sign after each dispatch, and the web process whenever its event loop comes round.
"""

import asyncio
import os
from contextlib import suppress
from functools import cache

from webmon import config

BEAT_SECONDS = 1.0


def beat() -> None:
    """Give a sign of life; nothing happens where nobody waits for one."""
    descriptor = _descriptor()
    if descriptor is not None:
        with suppress(OSError):  # full, because it is not read at the moment; or closed
            os.write(descriptor, b".")


async def keep_beating() -> None:
    """Give a sign of life as long as the event loop runs."""
    while True:
        beat()
        await asyncio.sleep(BEAT_SECONDS)


@cache
def _descriptor() -> int | None:
    """The end of the pipe that `webmon up` has handed to this process."""
    descriptor = config.pulse_descriptor()
    if descriptor is not None:
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
    return descriptor
