"""How soon a visitor sees the list, and what the web process holds in memory."""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench import processes
from bench.say import say
from bench.seed import seed
from tests.browser import launch
from webmon.commands.schema import migrate
from webmon.db import Database

VISITS = 7


@dataclass(frozen=True, slots=True)
class Visit:
    """Medians over some cold visits, and the web process afterwards."""

    painted_ms: float
    transferred_kb: float
    web_mb: float


def report() -> None:
    """Measure and print."""
    row = measure(hosts=100)
    say("Public page with 100 hosts, cold visits, loopback")
    say(f"painted after {row.painted_ms:.0f} ms, {row.transferred_kb:.0f} kB transferred, "
        f"web process {row.web_mb:.0f} MB")  # fmt: skip


def measure(*, hosts: int) -> Visit:
    """Visit the public page of a monitor with ``hosts`` hosts, each time with an empty cache."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.db'}"
        database = Database(url)
        migrate(database)
        seed(database, hosts, url="http://127.0.0.1/", interval_seconds=60, per_host=1)
        database.dispose()
        port = processes.free_port()
        variables = processes.worker_variables(folder, url) | {"WEBMON_PORT": str(port)}
        with processes.process(["webmon.cli", "web"], core=0, **variables) as web:
            processes.wait_for_port(port)
            with sync_playwright() as playwright:
                browser = launch(playwright)
                address = f"http://127.0.0.1:{port}/status/"
                visits = [_visit(browser, address, hosts) for _ in range(VISITS)]
                browser.close()
            painted, transferred = zip(*visits, strict=True)
            return Visit(
                statistics.median(painted), statistics.median(transferred), processes.megabytes(web)
            )


def _visit(browser: Browser, address: str, hosts: int) -> tuple[float, float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address, wait_until="commit")
    page.get_by_text(f"Host {hosts:05}", exact=True).first.wait_for()
    painted: float = page.evaluate("performance.now()")
    page.wait_for_load_state("load")
    transferred: float = page.evaluate(
        "performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0) / 1000"
    )
    context.close()
    return painted, transferred
