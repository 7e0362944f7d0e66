"""What a check costs at least on this machine, and what our probe and stock httpx add to that.

The same machine does not look the same twice: the figures of `bench checks` mean something beside
these. CPU time of the client alone, a new connection for every request.
"""

import asyncio
import os
import ssl
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvloop

from bench.checks import target
from bench.say import say
from webmon import probes
from webmon.probes.base import Target

AT_ONCE = 50
REQUESTS = 2_000
PACE_SECONDS = 0.01
REFERENCE = {("raw", False): 0.048, ("raw", True): 0.832, ("httpx", False): 1.036,
             ("httpx", True): 1.932, ("ours", False): 0.16, ("ours", True): 0.87}  # fmt: skip
"""Of the study's machine (50 at once, uvloop): a bare protocol, a trial probe, a shared client."""

Request = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds per request: many at once, and one every ten milliseconds."""

    at_once_ms: float
    paced_ms: float


def report() -> None:
    """Measure and print."""
    say("What a request costs here: CPU ms, 50 at once / one every 10 ms (reference: 50 at once)")
    for https in (False, True):
        costs = measure(https=https)
        for name, cost in costs.items():
            say(
                f"  {'HTTPS' if https else 'HTTP':6} {name:6} {cost.at_once_ms:6.3f} / "
                f"{cost.paced_ms:6.3f}   ({REFERENCE[name, https]:.3f})"
            )
        ratio = costs["ours"].at_once_ms / costs["httpx"].at_once_ms
        say(f"  {'':6} ours is {ratio:.2f} of a shared httpx.AsyncClient")


def measure(*, https: bool) -> dict[str, Cost]:
    """The three ways to ask, on core 1; the target is on core 0."""
    with tempfile.TemporaryDirectory() as name, target(Path(name), https=https) as (url, trust):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(before)})
        os.environ.update(trust)
        try:
            return uvloop.run(_measure(url))
        finally:
            os.sched_setaffinity(0, before)
            for variable in trust:
                del os.environ[variable]


async def _measure(url: str) -> dict[str, Cost]:
    async with httpx.AsyncClient(
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0), trust_env=True
    ) as client:
        kind = probes.PROBES["http"]
        config = kind.config.model_validate({"url": url})
        looked_at = Target("127.0.0.1")
        ways: dict[str, Request] = {
            "raw": _raw(url),
            "ours": lambda: probes.run(kind, config, looked_at, timeout=10),
            "httpx": lambda: client.get(url),
        }
        return {name: await _cost(way) for name, way in ways.items()}


async def _cost(request: Request) -> Cost:
    await request()
    at_once = statistics.median([await _at_once(request) for _ in range(3)])
    return Cost(at_once, await _paced(request))


async def _at_once(request: Request) -> float:
    async def several() -> None:
        for _ in range(REQUESTS // AT_ONCE):
            await request()

    before = time.process_time()
    await asyncio.gather(*(several() for _ in range(AT_ONCE)))
    return (time.process_time() - before) / REQUESTS * 1000


async def _paced(request: Request, count: int = 300) -> float:
    before = time.process_time()
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.ensure_future(request()))
        await asyncio.sleep(PACE_SECONDS)
    await asyncio.gather(*tasks)
    return (time.process_time() - before) / count * 1000


def _raw(url: str) -> Request:
    """As little as a request can be on this loop: a protocol that reads until the end."""
    address = httpx.URL(url)
    assert address.port is not None
    port = address.port
    context = ssl.create_default_context() if address.scheme == "https" else None

    async def request() -> None:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        class Bare(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                transport.write(b"GET / HTTP/1.1\r\nHost: target\r\n\r\n")  # type: ignore[attr-defined]

            def connection_lost(self, exc: Exception | None) -> None:
                ended.set_result(exc)

        await loop.create_connection(Bare, address.host, port, ssl=context)
        await ended

    return request
