"""From names to connections."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from tests.probes.http_exchange.test_http_failures import unused_port
from tests.probes.servers import full_queue, html, serving
from tests.probes.test_http import probe
from webmon.domain.checks.status import Status
from webmon.probes.http_exchange.answer import HttpAnswer
from webmon.probes.http_exchange.exchange import Exchange, Trace
from webmon.probes.wire.addresses import (
    Endpoint,
    Unreachable,
    connect_failure,
    open_socket,
    require_other_end,
    resolve,
)

V4, V6 = socket.AF_INET, socket.AF_INET6


class Names:
    """A name server: the addresses of each name, an error, or an event to hang on."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.asked: list[str] = []

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        assert host.endswith(".") or "." not in host, "a search domain could answer"
        host = host.rstrip(".")
        self.asked.append(host)
        found = self.known[host]
        if isinstance(found, threading.Event):
            found.wait(5)
            raise socket.gaierror(socket.EAI_AGAIN, "late")
        if isinstance(found, Exception):
            raise found
        families = [V6 if ":" in address else V4 for address in found]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for family, address in zip(families, found, strict=True)
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    server = Names()
    monkeypatch.setattr("webmon.probes.wire.addresses.socket.getaddrinfo", server.getaddrinfo)
    yield server
    for found in server.known.values():
        if isinstance(found, threading.Event):
            found.set()


async def test_an_address_is_not_looked_up(names: Names) -> None:
    assert await resolve("127.0.0.7", 80) == [Endpoint(V4, ("127.0.0.7", 80))]
    assert names.asked == []


@pytest.mark.parametrize("host", ["::1", "[::1]"])
async def test_an_ipv6_address_needs_no_name_server(host: str) -> None:
    (endpoint,) = await resolve(host, 80)
    assert (endpoint.family, str(endpoint)) == (V6, "[::1]:80")


async def test_the_next_address_is_tried_when_one_refuses(names: Names) -> None:
    names.known["site.example"] = ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
    async with serving(html()) as server:
        outcome = await probe(server.url(host="site.example"))
    assert outcome.status is Status.UP
    assert outcome.evidence["address"] == f"127.0.0.1:{server.port}"
    assert outcome.response_us is not None
    assert outcome.response_us < 2_000_000


async def test_ipv6_is_tried_as_well_as_ipv4(names: Names) -> None:
    names.known["site.example"] = ["::1", "127.0.0.1"]
    async with serving(html()) as old, serving(html(), host="::1") as new:
        for server, address in ((old, "127.0.0.1"), (new, "[::1]")):
            outcome = await probe(server.url(host="site.example"))
            assert outcome.evidence["address"] == f"{address}:{server.port}"


async def test_many_addresses_of_one_kind_do_not_keep_the_other_out(names: Names) -> None:
    many, few = [f"::{number}" for number in range(2, 10)], ["127.0.0.1", "127.0.0.2"]
    for addresses in (many + few, few + many):
        names.known["site.example"] = addresses
        found = [str(endpoint.ip) for endpoint in await resolve("site.example", 80)]
        assert len(found) == 6
        assert found[:2] == ([many[0], few[0]] if addresses[0] == many[0] else [few[0], many[0]])
        assert set(few) < set(found)


async def test_an_address_that_does_not_answer_holds_up_the_next_for_a_moment_only() -> None:
    with full_queue() as full:
        async with serving(html()) as server:
            good = Endpoint(V4, ("127.0.0.1", server.port))
            started = time.perf_counter()
            opened, endpoint = await open_socket([Endpoint(V4, full), good])
            opened.close()
    assert endpoint == good
    assert time.perf_counter() - started < 10, "connecting to the first takes minutes to fail"


async def test_all_addresses_are_named_when_none_can_be_reached(names: Names) -> None:
    port = unused_port()
    names.known["site.example"] = ["127.0.0.2", "127.0.0.3"]
    outcome = await probe(f"http://site.example:{port}/")
    assert outcome.message == f"connection refused by 127.0.0.2:{port} and 127.0.0.3:{port}"


async def test_a_name_that_hangs_holds_up_neither_the_check_nor_others(names: Names) -> None:
    names.known = {"slow.example": threading.Event(), "site.example": ["127.0.0.1"]}
    async with serving(html()) as server:
        started = time.perf_counter()
        slow = [probe("http://slow.example/", timeout=0.3) for _ in range(50)]
        *late, quick = await asyncio.gather(*slow, probe(server.url(host="site.example")))
    assert time.perf_counter() - started < 10, "one after the other they take 15 s"
    assert quick.status is Status.UP
    said = {outcome.message for outcome in late}
    assert said == {"no answer within 0.3 s (looking up the name slow.example)"}
    assert names.asked.count("slow.example") == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (socket.gaierror(socket.EAI_NONAME, "?"), "no such host: site.example"),
        (
            socket.gaierror(socket.EAI_AGAIN, "?"),
            "cannot look up site.example: the name server does not answer",
        ),
        (socket.gaierror(socket.EAI_FAIL, "gone wrong"), "cannot look up site.example: gone wrong"),
        (UnicodeError("label too long"), "no such host: site.example"),
    ],
)
async def test_why_a_name_is_not_found(names: Names, error: Exception, message: str) -> None:
    names.known["site.example"] = error
    with pytest.raises(Unreachable, match=message):
        await resolve("site.example", 80)


def test_each_reason_is_said_once() -> None:
    refused, unreachable = OSError(111, "refused"), OSError(113, "no route")
    first, second = Endpoint(V4, ("127.0.0.1", 80)), Endpoint(V6, ("::1", 80))
    failures = [(first, refused), (second, unreachable), (second, OSError("?"))]
    assert connect_failure(failures) == (
        "connection refused by 127.0.0.1:80; no route to [::1]:80; "
        "cannot connect to [::1]:80: the connection failed"
    )


async def test_a_connection_to_itself_is_none() -> None:
    """The system may give an attempt the very port that it asks for."""
    port = unused_port()
    endpoint = Endpoint(V4, ("127.0.0.1", port))
    require_other_end(("127.0.0.1", port - 1), endpoint)
    require_other_end(("127.0.0.2", port), endpoint)
    with pytest.raises(ConnectionRefusedError):
        require_other_end(("127.0.0.1", port), endpoint)
    exchange, trace = exchange_to(endpoint)
    transport = Mock(get_extra_info=lambda _: ("127.0.0.1", port))
    exchange.connection_made(transport)
    exchange.data_received(b"GET / HTTP/1.1\r\n\r\n")  # what it has sent itself
    with pytest.raises(httpx.ConnectError, match=f"connection refused by 127.0.0.1:{port}"):
        exchange.finished.result()
    assert transport.abort.called
    assert (trace.connected, trace.first_byte) == (0, 0)


async def test_what_nobody_waits_for_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    exchange, _ = exchange_to(Endpoint(V4, ("127.0.0.1", 80)))
    exchange.connection_lost(OSError("reset"))
    del exchange
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.text == ""


def exchange_to(endpoint: Endpoint) -> tuple[Exchange, Trace]:
    trace = Trace(httpx.URL("http://site.example/"), 0.0, endpoint=endpoint)
    answer = HttpAnswer(expects_body=True, most_body_bytes=10)
    return Exchange(trace, b"", answer, asyncio.get_running_loop().create_future()), trace
