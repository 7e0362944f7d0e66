"""The running product behind half requests and endless headers, from one address."""

import asyncio
import resource
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.product import Product, running
from webmon.domain.accounts.sessions import COOKIE

PASSWORD = "correct horse battery staple"
HEARTBEAT = """
hosts:
  - name: Datastore
    services:
      - {name: Import, kind: heartbeat, config: {every: 10m}}
"""
HALF = b"GET /status/ HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def product(tmp_path) -> Iterator[Product]:
    """Started with the usual limit of 1,024 file descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        with running(tmp_path) as product:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
            yield product
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_half_requests_and_endless_headers_stop_nothing(product, tmp_path) -> None:
    added = product.webmon(
        "user", "add", "admin@example.org", "--role", "admin", "--password-stdin", text=PASSWORD
    )
    assert added.returncode == 0
    host, port = "127.0.0.1", int(product.url.rpartition(":")[2])
    async with httpx.AsyncClient(base_url=product.url) as client:
        form = {"email": "admin@example.org", "password": PASSWORD}
        assert COOKIE in (await client.post("/auth/login", data=form)).cookies
        for path in PATHS:
            await client.get(path)
    web = product.child("web")
    before = web.memory_info().rss
    halves = [await asyncio.open_connection(host, port) for _ in range(1100)]
    for _, writer in halves:
        writer.write(HALF)
    pouring = asyncio.create_task(pour(host, port, 100_000_000))
    cookie = {COOKIE: client.cookies[COOKIE]}
    try:
        for _ in range(5):
            for path in PATHS:
                began = time.monotonic()
                async with httpx.AsyncClient(base_url=product.url, cookies=cookie) as fresh:
                    status = (await fresh.get(path)).status_code
                assert (path, status) == (path, PATHS[path])
                assert time.monotonic() - began < 2
        await pouring
        assert web.memory_info().rss - before < 30_000_000
        more = [await asyncio.open_connection(host, port) for _ in range(20)]
        assert "of clients that were too slow or too many" in "".join(product.output)
    finally:
        for _, writer in [*halves, *more]:
            writer.transport.abort()


PATHS = {"/healthz": 200, "/status/": 200, "/api/v1/heartbeats/nobodys": 404, "/admin/": 200}


async def pour(host: str, port: int, size: int) -> None:
    """So many bytes of headers, on as many connections as the server makes it take."""
    piece = b"X-Header: " + b"x" * 50_000 + b"\r\n"
    while size > 0:
        _, writer = await asyncio.open_connection(host, port)
        writer.write(HALF)
        try:
            while size > 0:
                writer.write(piece)
                size -= len(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


def memory(process: psutil.Process) -> int:
    return int(process.memory_info().rss)
