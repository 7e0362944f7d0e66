"""The worker process: `python -m workers`, or `webmon worker`."""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket

from webmon import config, db, descriptors, proxies, pulse
from webmon.queries.installation import installation
from workers import clock_steps
from workers.event_loop import EventLoop
from workers.jobs import Jobs
from workers.pipeline import Pipeline
from workers.scheduler import build_scheduler

log = logging.getLogger(__name__)

GRACE_SECONDS = 8.0
"""How long a stop waits for what is under way; the whole stop takes less than ten."""

SEND_GRACE_SECONDS = 6.0
"""How much of that for messages; the checks go on meanwhile."""

COLLECT_AFTER = 10_000, 20, 50
"""Objects, and collections of the younger generations. What checks leave behind is freed at once,
nearly all of it; with Python's own 700 the collector looks through what is under way instead."""


def own_name() -> str:
    """A name that no other worker has."""
    return f"{socket.gethostname()}-{os.getpid()}"


def run(worker_id: str | None = None, successor_of: str | None = None) -> None:
    """Work until SIGTERM or SIGINT. ``successor_of`` names a worker that is known to have ended."""
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        runner.run(_work(worker_id or own_name(), successor_of))


def _targets() -> tuple[str, ...]:
    with db.read() as session:
        return installation(session).connectivity_targets


async def _work(worker_id: str, successor_of: str | None) -> None:
    settings = config.settings()
    proxies.of_environment()  # one that cannot be used is said now, not at every check
    descriptors.allow_many()
    _share_a_heap()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    pipeline = Pipeline(
        db.current(),
        worker_id,
        concurrency=settings.worker_concurrency,
        threads=settings.worker_threads,
        connectivity_targets=_targets(),
    )
    jobs = Jobs(pipeline)
    await jobs.start(successor_of)
    scheduler = build_scheduler(jobs)
    recording = asyncio.create_task(pipeline.keep_recording())
    watching = asyncio.create_task(clock_steps.watch(scheduler))
    gc.freeze()  # what is there now stays: the collector need not look at it again
    gc.set_threshold(*COLLECT_AFTER)
    scheduler.start()
    log.info("worker %s has started", worker_id)
    await jobs.dispatch()
    pulse.beat()
    await stopping.wait()
    log.info("worker %s is stopping", worker_id)
    scheduler.pause()
    jobs.retention.stop()
    jobs.settling.stop()
    recording.cancel()
    watching.cancel()
    deadline = loop.time() + GRACE_SECONDS
    await jobs.deliverer.stop(SEND_GRACE_SECONDS)
    await pipeline.stop(deadline - loop.time())
    scheduler.shutdown(wait=False)


M_ARENA_MAX = -8  # malloc.h


def _share_a_heap() -> None:
    """Let all threads but the first, where the checks are, take their memory from one place.

    glibc gives each its own, and what is free in one is of no use to the others.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc's
        mallopt(M_ARENA_MAX, 2)


if __name__ == "__main__":
    run()
