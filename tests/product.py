"""The running product: `webmon up` on a free port, with data of its own."""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.processes import free_port
from tests.command import run_command
from webmon import config


@dataclass
class Product:
    """One running installation, reached from outside only."""

    url: str
    folder: Path
    variables: dict[str, str]
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    @property
    def setup_link(self) -> str:
        """The link that `webmon up` printed for the first account."""
        return re.search(r"http\S+/setup/\?token=\S+", "".join(self.output)).group()

    def webmon(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `webmon` command on this installation."""
        return run_command(arguments, self.variables, text)

    def get(self, path: str) -> str:
        """The body of a page."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def statuses(self) -> dict[str, str]:
        """The status of each host on the public page, by name."""
        return {
            host["name"]: host["status"] for host in json.loads(self.get("/api/v1/status"))["hosts"]
        }

    def child(self, name: str) -> psutil.Process:
        """The running web or worker process."""
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.ZombieProcess):  # one that was killed just now
                if name in process.cmdline():
                    return process
        raise LookupError(name)


def eventually(question: Callable[[], Any], seconds: float = 15) -> Any:
    """Ask until the answer is true; returns it.

    Raises:
        AssertionError: it was not within ``seconds``; shows the last answer.
    """
    deadline = time.monotonic() + seconds
    answer: Any = None
    while time.monotonic() < deadline:
        try:
            if answer := question():
                return answer
        except (OSError, LookupError, psutil.Error) as error:
            answer = error
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s; the last answer was {answer!r}")


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Product]:
    """`webmon up`, from its first output to its clean end."""
    port = free_port()
    variables = config.environment(
        WEBMON_DATA_DIR=str(folder / "data"), WEBMON_PORT=str(port), **settings
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "webmon.cli", "up"],
        env=variables,
        cwd=config.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(f"http://127.0.0.1:{port}", folder, variables, process)
    reader = threading.Thread(target=lambda: product.output.extend(process.stdout), daemon=True)
    reader.start()
    try:
        eventually(lambda: "ok" in product.get("/healthz"), 150)  # the pages are built first
        yield product
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(5)
        process.stdout.close()
        sys.stdout.write("".join(product.output))  # shown where a test failed
