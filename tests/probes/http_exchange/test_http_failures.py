"""Servers that are gone, silent, slow, endless or broken: one clear sentence each, in time."""

import asyncio
import contextlib
import socket
import struct
import time
from typing import Any

import pytest

from tests.probes.servers import Talk, http, serving
from tests.probes.test_http import answered, probe
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome
from webmon.probes.http_exchange.exchange import Exchange

SHORT = 0.3


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def met(talk: Talk, timeout: float = SHORT, **fields: Any) -> tuple[Outcome, int]:
    """What the probe says of a server that behaves like ``talk``, and the server's port."""
    async with serving(talk=talk) as server:
        started = time.perf_counter()
        outcome = await probe(server.url(), timeout=timeout, **fields)
        assert time.perf_counter() - started < timeout + 2
    return outcome, server.port


def saying(*parts: bytes, pause: float = 0, then: Talk | None = None) -> Talk:
    """Reads what comes first, sends ``parts``, and closes unless there is something to do."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        if then is not None:
            await then(reader, writer)

    return talk


async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.05)  # what was written before is on its way
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def endless(part: bytes, begin: bytes = b"") -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(begin)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return talk


async def test_a_closed_port() -> None:
    port = unused_port()
    outcome = await probe(f"http://127.0.0.1:{port}/")
    assert (outcome.status, outcome.response_us) == (Status.DOWN, None)
    assert outcome.message == f"connection refused by 127.0.0.1:{port}"
    assert outcome.evidence["address"] == f"127.0.0.1:{port}"


async def test_a_closed_port_over_ipv6() -> None:
    port = unused_port()
    outcome = await probe(f"http://[::1]:{port}/")
    assert outcome.message == f"connection refused by [::1]:{port}"


async def test_a_name_that_does_not_exist() -> None:
    outcome = await probe("http://foo.invalid/")
    assert outcome.message == "no such host: foo.invalid"
    assert outcome.evidence["address"] is None


async def test_a_server_that_accepts_and_says_nothing() -> None:
    outcome, port = await met(silence)
    assert outcome.message == (
        f"no answer within 0.3 s (connected to 127.0.0.1:{port}, waiting for the first byte)"
    )
    assert outcome.phases.connect_us is not None


async def test_a_server_that_nobody_accepts_for() -> None:
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):  # fills the queue, so that the next attempt hangs
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(("127.0.0.1", port))
        outcome = await probe(f"http://127.0.0.1:{port}/", timeout=SHORT)
    assert outcome.message == f"no answer within 0.3 s (connecting to 127.0.0.1:{port})"


async def test_a_server_that_drips_its_headers() -> None:
    drops = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nX-Slow: yes\r\n"]
    outcome, port = await met(saying(*drops, pause=0.05))
    assert outcome.message == (
        f"no answer within 0.3 s (connected to 127.0.0.1:{port}, reading the headers)"
    )


async def test_a_server_that_drips_its_body() -> None:
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    outcome, port = await met(saying(begin, *[b"x"] * 100, pause=0.05))
    assert outcome.message == (
        f"no answer within 0.3 s (connected to 127.0.0.1:{port}, reading the body)"
    )


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"X-More: of the same\r\n", b"HTTP/1.1 200 OK\r\n"),
        endless(b"y" * 10_000, b"HTTP/1.1 200 OK\r\nX-Long: "),
        endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    ],
)
async def test_endless_headers(talk: Talk) -> None:
    outcome, _ = await met(talk, timeout=2)
    assert outcome.message == "sent headers larger than 100 kB"


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"z" * 10_000, b"HTTP/1.1 200 OK\r\n\r\n"),
        endless(b"1\r\nz\r\n" * 1000, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        endless(
            b"X-More: of the same\r\n" * 100,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n",
        ),
    ],
)
async def test_an_endless_body_is_read_up_to_the_limit(talk: Talk) -> None:
    outcome, _ = await met(talk, timeout=2, max_body_kb=100)
    assert outcome.status is Status.UP
    assert outcome.evidence["truncated"]
    assert outcome.evidence["body_bytes"] <= 100 * 1024


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200", "closed the connection in the middle of the headers"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            "closed the connection in the middle of the body, after 4 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "closed the connection in the middle of the body, after 4 bytes",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer with HTTP, but with “SSH-2.0-OpenSSH_9.2”"),
        (b"<html>hello</html>", "did not answer with HTTP, but with “<html>hello</html>”"),
        (b"HTTP/1.1 OK\r\n\r\n", "sent headers that are not valid HTTP: Invalid status code"),
    ],
)
async def test_a_broken_answer(answer: bytes, message: str) -> None:
    outcome = await answered(answer)
    assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_lines_that_browsers_skip_in_a_later_packet() -> None:
    later = b"b\r\nX Y: c\r\nContent-Length: 2\r\n\r\nok"
    outcome, _ = await met(saying(b"HTTP/1.1 200 OK\r\nX-A: ", later, pause=0.05), contains="ok")
    assert outcome.status is Status.UP


async def test_a_broken_chunk() -> None:
    outcome = await answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello")
    assert outcome.message.startswith("sent a body that is not valid HTTP: ")


async def test_a_connection_that_is_reset_before_the_answer() -> None:
    outcome, port = await met(saying(then=reset))
    assert outcome.message == (
        f"connection reset by 127.0.0.1:{port} while waiting for the first byte"
    )


async def test_a_connection_that_is_reset_in_the_middle_of_the_body() -> None:
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"
    outcome, port = await met(saying(begin, then=reset))
    assert outcome.message == f"connection reset by 127.0.0.1:{port} while reading the body"


async def test_the_connection_is_dropped_after_the_body() -> None:
    """Servers that keep the connection open, and say more than they should, do no harm."""
    answer = http(b"hello") + http(b"more", "500 Internal Server Error")
    closed = asyncio.Event()

    async def keeps_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        closed.set()

    async with serving(talk=keeps_open) as server:
        outcome = await probe(server.url())
        await asyncio.wait_for(closed.wait(), 1)
    assert outcome.status is Status.UP
    assert (outcome.evidence["status_code"], outcome.evidence["body_bytes"]) == (200, 5)


async def test_a_cancelled_check_leaves_no_connection() -> None:
    closed = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        closed.set()

    async with serving(talk=waits) as server:
        check = asyncio.create_task(probe(server.url()))
        await asyncio.sleep(0.05)
        check.cancel()
        await asyncio.wait_for(closed.wait(), 1)
    with pytest.raises(asyncio.CancelledError):
        await check


async def test_an_answer_that_was_there_in_time_counts_however_busy_the_monitor_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish = Exchange._finish

    def finish_and_stall(exchange: Exchange, error: Exception | None) -> None:
        finish(exchange, error)
        time.sleep(SHORT + 0.05)  # the task that waits is woken up too late

    monkeypatch.setattr(Exchange, "_finish", finish_and_stall)
    async with serving(http(b"hello")) as server:
        outcome = await probe(server.url(), timeout=SHORT, contains="hello")
    assert outcome.status is Status.UP
