"""Run blocking work in a thread that does not hold up the end of the process."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, name: str) -> T:
    """The result of ``work``, run in a new daemon thread called ``name``.

    A pool would be joined when the process ends, and work that hangs would keep its threads. The
    caller limits how much runs at once. When the wait is cancelled the thread runs on.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, result, error)

    context = copy_context()  # what guards the caller's connections guards those of the work
    threading.Thread(target=context.run, args=(run,), name=name, daemon=True).start()
    return await future
