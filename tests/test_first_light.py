"""The straight line from outside: a file is applied, real servers are watched, everyone sees it."""

import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from playwright.sync_api import sync_playwright
from sqlmodel import select

from bench.processes import free_port
from tests.browser import launch
from tests.product import Product, eventually, running
from webmon.db import Database
from webmon.models import CheckResult, Incident

INTERVAL = 2
CONFIRMED = 2 * INTERVAL + 4

FILE = """\
namespaces:
  - {{slug: iati, name: IATI}}
  - {{slug: di, name: "Development </script> Initiatives"}}
hosts:
  - name: Good
    namespace: iati
    services:
      - {{name: Website, kind: http, interval: 2s, retry: 1s, timeout: 1s,
         config: {{url: "http://127.0.0.1:{good}/", expect_html: true}}}}
  - name: Bad
    namespace: iati
    services:
      - {{name: Website, kind: http, interval: 2s, retry: 1s, timeout: 1s,
         config: {{url: "http://127.0.0.1:{bad}/"}}}}
  - name: Closed
    namespace: di
    address: 127.0.0.1
    services:
      - {{name: Port, kind: tcp, interval: 2s, retry: 1s, timeout: 1s, config: {{port: {closed}}}}}
"""


PAGE = b"<!doctype html><title>hello</title>"


@contextmanager
def web_server(
    status: int, port: int = 0, *, delay: float = 0, body: bytes = PAGE
) -> Iterator[int]:
    """A web server that always answers with ``status``, after ``delay`` s; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(delay)
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("product")) as product:
        yield product


def apply(product: Product, **ports: int) -> None:
    file = product.folder / "three.yaml"
    file.write_text(FILE.format(**ports))
    done = product.webmon("apply", str(file))
    assert done.returncode == 0, done.stderr


def incidents(product: Product) -> list[Incident]:
    database = Database(f"sqlite:///{product.folder / 'data' / 'webmon.db'}")
    with database.read() as session:
        rows = list(session.exec(select(Incident).order_by(Incident.id)))
    database.dispose()
    return rows


def test_the_first_start_watches_the_monitor_itself(product):
    eventually(lambda: product.statuses().get("This monitor") == "up")
    assert re.fullmatch(r"http://\S+/setup/\?token=\S{20,}", product.setup_link)


def test_three_hosts_are_shown_as_they_are_and_follow_their_servers(product):
    closed = free_port()
    with web_server(200) as good, web_server(500) as bad:
        apply(product, good=good, bad=bad, closed=closed)
        wanted = {"Good": "up", "Bad": "down", "Closed": "down"}
        eventually(lambda: wanted.items() <= product.statuses().items(), CONFIRMED)
        with web_server(200, closed):
            eventually(lambda: product.statuses()["Closed"] == "up", CONFIRMED)
    eventually(lambda: product.statuses()["Good"] == "down", CONFIRMED)
    with web_server(200, good):
        eventually(lambda: product.statuses()["Good"] == "up", CONFIRMED)
        ended = [row for row in incidents(product) if row.resolved_at is not None]
        assert len(ended) == 2
        for incident in ended:
            seconds = (incident.resolved_at - incident.opened_at).total_seconds()
            assert incident.duration_seconds == pytest.approx(seconds)
            assert seconds > 0


def test_the_namespace_filter_answers_only_for_its_hosts(product):
    apply(product, good=free_port(), bad=free_port(), closed=free_port())
    iati = json.loads(product.get("/api/v1/status?namespace=iati"))
    assert {host["name"] for host in iati["hosts"]} == {"Good", "Bad"}


@pytest.mark.parametrize("name", ["worker", "web"])
def test_a_killed_process_is_started_again_and_goes_on_with_its_work(product, name):
    with web_server(200) as good:
        apply(product, good=good, bad=good, closed=good)
        eventually(lambda: product.statuses()["Good"] == "up", CONFIRMED)
        before = product.child(name)
        before.send_signal(signal.SIGKILL)
        killed_ms = time.time() * 1000
        eventually(lambda: product.child(name).pid != before.pid)
        eventually(lambda: recorded_since(product, killed_ms + 1000), 15)
        eventually(lambda: "ok" in product.get("/healthz"), 10)


def recorded_since(product: Product, at_ms: float) -> int:
    database = Database(f"sqlite:///{product.folder / 'data' / 'webmon.db'}")
    with database.read() as session:
        rows = session.exec(select(CheckResult).where(CheckResult.at_ms > at_ms)).all()
    database.dispose()
    return len(rows)


@pytest.mark.browser
def test_the_page_needs_neither_javascript_nor_a_websocket(product):
    apply(product, good=free_port(), bad=free_port(), closed=free_port())
    with sync_playwright() as playwright:
        browser = launch(playwright)
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(f"{product.url}/status/")
        assert plain.get_by_text("Good").first.is_visible()
        page = browser.new_page()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.goto(f"{product.url}/status/")
        page.get_by_text("Good").first.wait_for()
        page.wait_for_timeout(500)
        assert sockets == []
        browser.close()


def test_a_stop_ends_both_processes_within_ten_seconds(tmp_path):
    with running(tmp_path) as product:
        children = psutil.Process(product.process.pid).children()
        assert len(children) == 2
        begin = time.monotonic()
        product.process.terminate()
        assert product.process.wait(12) == 0
        assert time.monotonic() - begin < 10
        assert not any(child.is_running() for child in children)
