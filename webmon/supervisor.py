"""`webmon up`: the web and the worker process side by side, restarted when they die.

The worker starts first. Where the pages must be built, web starts once that is done.
A child that ends by itself is started again after a pause that doubles while it keeps dying. A
child that says that its settings are wrong (exit status 2) ends everything: it would say it again.
A child that runs but gives no sign of life any more (`webmon.pulse`) is ended, and started again.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from webmon import config
from webmon.frontend import KILLED

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
HEALTHY_AFTER_SECONDS = 60.0
STOP_SECONDS = 9.0
SILENT_SECONDS = 45.0
"""Longer than any wait that a child gives up by itself, and short enough for checks to go on within
a minute."""
START_SECONDS = 900.0
"""The same until the first sign of life: what comes before may take minutes on a small machine."""
END_SECONDS = 5.0
"""What a silent child gets to end by itself."""
STEP_PAUSE = 600.0
"""Before a build that has failed is tried again: it takes much of a small machine."""
WRONG_SETTINGS = 2
PROGRAM = [sys.executable, "-m", "webmon.cli"]
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass
class Child:
    """One of the two processes, and its history of restarts."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = field(default_factory=time.monotonic)
    pulse: int | None = None
    """Where its signs of life arrive."""
    heard: float = 0.0
    patience: float = START_SECONDS
    is_ending: bool = False
    then: Callable[[bool], None] | None = None
    """For a child that ends when its work is done: what follows, by whether it went well."""
    waits: bool = False
    """For something that comes first, or because its work is done."""

    def may_start(self) -> bool:
        """Whether it is time to start it."""
        return not self.waits and time.monotonic() >= self.due

    def start(self) -> None:
        """Start the process; on Linux it ends with this one, even if that is killed."""
        self.pulse, its_end = os.pipe()
        os.set_blocking(self.pulse, False)
        self.process = subprocess.Popen(
            [*PROGRAM, *self.arguments],
            cwd=config.ROOT,
            env=config.for_child(its_end),
            pass_fds=[its_end],
            preexec_fn=_end_with_parent,
            start_new_session=True,
        )
        os.close(its_end)
        self.started = self.heard = time.monotonic()
        self.patience, self.is_ending = START_SECONDS, False

    def listen(self) -> None:
        """Hear the signs of life; end the process when they have stopped."""
        if self.process is None or self.pulse is None:
            return
        now = time.monotonic()
        with suppress(BlockingIOError):
            if os.read(self.pulse, 65536) and not self.is_ending:
                self.heard, self.patience = now, SILENT_SECONDS
        silent = now - self.heard
        if silent < self.patience:
            return
        if self.is_ending:
            self.process.kill()
            return
        log.error("%s runs, but has done nothing for %.0f s; it is ended", self.name, silent)
        self.heard, self.patience, self.is_ending = now, END_SECONDS, True
        self.process.terminate()

    def note_end(self) -> None:
        """Start again, or go on with what follows."""
        assert self.process is not None
        went_well = self.process.returncode == 0
        if self.then is None or not went_well:
            self.plan_restart()
        else:
            self.process, self.waits = None, True
            self._stop_listening()
        if self.then is not None:
            self.then(went_well)

    def _stop_listening(self) -> None:
        if self.pulse is not None:
            os.close(self.pulse)
        self.pulse = None

    def plan_restart(self) -> None:
        """Start again after a pause, longer each time unless the process had run well."""
        if time.monotonic() - self.started > HEALTHY_AFTER_SECONDS:
            self.pause = FIRST_PAUSE
        self.due = time.monotonic() + self.pause
        status = self.process.returncode if self.process is not None else None
        self.process = None
        self._stop_listening()
        if self.then is not None:
            self.due += STEP_PAUSE - self.pause
            what = KILLED if status == -signal.SIGKILL else _why(status)
            log.error(
                "%s failed (%s); checks and messages go on; it is tried again in %g minutes",
                self.name,
                what,
                STEP_PAUSE / 60,
            )
            return
        log.error("%s ended (%s); it starts again in %g s", self.name, _why(status), self.pause)
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


def welcome(url: str, setup_token: str | None) -> str:
    """The lines that `webmon up` prints first."""
    lines = [
        "",
        f"  Public page  {url}/status/",
        f"  Admin app    {url}/admin/",
    ]
    if setup_token is not None:
        lines += ["", "  Create the first account (this link works once):"]
        lines += [f"  {url}/setup/?token={setup_token}"]
    return "\n".join([*lines, "", "  Ctrl-C stops both processes.", ""])


def _why(status: int | None) -> str:
    if status is not None and status < 0:
        return signal.Signals(-status).name
    return f"exit status {status}"


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def supervise(children: list[Child]) -> int:
    """Run the children until SIGTERM or SIGINT; returns the exit status."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    status = 0
    while not stopping.is_set():
        for child in children:
            if child.process is None:
                if child.may_start():
                    child.start()
            elif child.process.poll() is not None:
                if child.process.returncode == WRONG_SETTINGS:
                    status = WRONG_SETTINGS
                    stopping.set()
                    break
                child.note_end()
            else:
                child.listen()
        stopping.wait(0.2)
    _stop(children)
    return status


def _stop(children: list[Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
