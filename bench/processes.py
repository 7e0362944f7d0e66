"""Processes to measure: started on a core of their own, read from the kernel's accounts."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from webmon import config


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def process(arguments: list[str], *, core: int, **variables: str) -> Iterator[psutil.Process]:
    """``python -m …`` pinned to ``core`` (where there are several), ended at the end."""

    def pin() -> None:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})

    child = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=config.environment(**variables),
        cwd=config.ROOT,
        preexec_fn=pin,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for_port(port: int, seconds: float = 30) -> None:
    """Wait until something listens on ``port``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


def cpu_seconds(measured: psutil.Process) -> float:
    """CPU time of the process so far, user and system."""
    times = measured.cpu_times()
    return float(times.user + times.system)


def megabytes(measured: psutil.Process) -> float:
    """Resident memory of the process in MB (10^6 bytes)."""
    return float(measured.memory_info().rss) / 1e6


def worker_variables(folder: Path, url: str) -> dict[str, str]:
    """The settings of a measured process."""
    return {
        "WEBMON_DATA_DIR": str(folder),
        "WEBMON_DATABASE_URL": url,
        "WEBMON_LOG_LEVEL": "warning",
    }
