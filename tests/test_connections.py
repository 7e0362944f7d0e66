"""Connections of clients that are slow, many or talkative, through a real server."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from webmon import server
from webmon.edge import crowd as crowds
from webmon.edge import http_protocol
from webmon.edge.crowd import Crowd
from webmon.edge.http_protocol import GuardedHttp

HALF = b"GET /half HTTP/1.1\r\nHost: x\r\n"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers ``fine`` once the body is there; ``/large`` with 50 MB."""
    if scope["type"] != "http":
        return
    while (message := await receive()).get("more_body"):
        assert message["type"] == "http.request"
    body = b"x" * 50_000_000 if scope["path"] == "/large" else b"fine"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    for start in range(0, len(body), 100_000):
        piece, more = body[start : start + 100_000], start + 100_000 < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})


class Web:
    """A running server, and connections to it."""

    def __init__(self, most: int) -> None:
        self.crowd = Crowd(most)
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(data)
        return reader, writer

    async def answer(self, data: bytes) -> bytes:
        """The first line of what comes back; empty where the connection is closed."""
        reader, _ = await self.open(data)
        async with asyncio.timeout(10):
            return await reader.readline()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Web"]:
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = listener.getsockname()[1]
        configuration = server.configuration("unused", crowd=self.crowd)
        configuration.app, configuration.factory = application, False
        running = uvicorn.Server(configuration)
        task = asyncio.create_task(running._serve([listener]))
        while not running.started:
            await asyncio.sleep(0.005)
        try:
            yield self
        finally:
            for writer in self.writers:
                writer.transport.abort()
            running.should_exit = True
            await task


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(most=1000).running() as web:
        yield web


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server has closed it without a word, or does so within ten seconds."""
    try:
        async with asyncio.timeout(10):
            return await reader.read(1) == b""
    except ConnectionResetError:
        return True


# Large heads


def request(url: str = "/healthz", headers: str = "") -> bytes:
    return f"GET {url} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("/" + "x" * 7_900), b"200"),
        (request("/" + "x" * 8_100), b"414"),
        (request("/?" + "x" * 8_100), b"414"),
        (b"GET /" + b"x" * 8_100, b"414"),
        (request(headers=f"Cookie: {'x' * 31_000}\r\n"), b"200"),
        (request(headers=f"Cookie: {'x' * 32_100}\r\n"), b"431"),
        (request(headers="A: b\r\n" * 98), b"200"),
        (request(headers="A: b\r\n" * 101), b"431"),
        (request(headers=f"A: {'x' * 900}\r\n" * 40), b"431"),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 33_000, b"431"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
async def test_a_head_has_its_limits(web: Web, data: bytes, status: bytes) -> None:
    assert (await web.answer(data)).split()[1] == status


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nA: ", b"GET / HTTP/1.1\r\n"])
async def test_an_endless_head_is_answered_and_not_kept(web: Web, start: bytes) -> None:
    """What is sent after the refusal is thrown away, so that the client gets to read it."""
    piece = b"A: b\r\n" * 1000 if start.endswith(b"\n") else b"x" * 6000
    reader, writer = await web.open(start)
    for _ in range(50):
        writer.write(piece)
        await asyncio.sleep(0)
    assert (await reader.readline()).split()[1] in (b"414", b"431")


async def test_trailers_count_like_headers(web: Web) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    reader, writer = await web.open(chunked)
    writer.write(b"A: b\r\n" * 200)
    assert await is_closed(reader)


async def test_a_large_body_is_no_large_head(web: Web) -> None:
    body = b"x" * 200_000
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body
    reader, _ = await web.open(post * 3 + WHOLE)
    answers = b""
    async with asyncio.timeout(10):
        while answers.count(b"200 OK") < 4:
            answers += await reader.read(1000)


async def test_requests_that_come_without_waiting_for_answers_are_limited(web: Web) -> None:
    reader, _ = await web.open(request("/large") + WHOLE * 100)
    async with asyncio.timeout(10):
        with pytest.raises((ConnectionResetError, EOFError)):
            while True:
                if await reader.read(1_000_000) == b"":
                    raise EOFError


# Slow clients


async def test_headers_have_their_time(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.1)
    assert (await web.answer(HALF)).split()[1] == b"408"
    reader, writer = await web.open(HALF)
    for _ in range(30):  # a byte now and then is no help
        writer.write(b"A")
        await asyncio.sleep(0.01)
    assert (await reader.readline()).split()[1] == b"408"


async def test_a_connection_on_which_nothing_comes_is_closed(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.1)
    reader, _ = await web.open()
    assert await is_closed(reader)


async def test_the_time_counts_for_every_request_of_a_connection(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.1)
    reader, writer = await web.open(WHOLE)
    assert b"200" in await reader.readuntil(b"fine")
    writer.write(HALF)
    assert await is_closed(reader)


async def test_who_does_not_read_is_closed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "STALL_SECONDS", 0.1)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with client:
        client.connect(("127.0.0.1", web.port))
        client.sendall(request("/large"))
        async with asyncio.timeout(10):
            while not web.crowd:
                await asyncio.sleep(0.01)
            while web.crowd:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(("buffered", "is_cut"), [([90, 40, 1], False), ([90, 90], True)])
async def test_who_reads_slowly_is_waited_for(buffered: list[int], is_cut: bool) -> None:
    configuration = server.configuration("unused", crowd=Crowd(10))
    configuration.app, configuration.factory = application, False
    crowd = Crowd(10)
    protocol = GuardedHttp(configuration, ServerState(), {}, crowd=crowd)
    transport = Transport([100, *buffered])
    protocol.connection_made(transport)
    protocol.pause_writing()
    for _ in buffered:
        protocol._look_whether_read()
    assert transport.was_aborted == is_cut
    protocol.cut()


class Transport(asyncio.Transport):
    """A connection with so many bytes that are still to be read, from look to look."""

    def __init__(self, buffered: list[int]) -> None:
        super().__init__({"peername": ("192.0.2.1", 1)})
        self.buffered = buffered
        self.was_aborted = False

    def get_write_buffer_size(self) -> int:
        return self.buffered.pop(0)

    def abort(self) -> None:
        self.was_aborted = True


# Many connections


async def test_half_requests_make_room_for_whole_ones(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crowds, "PATIENCE_SECONDS", 0.0)
    halves = [await web.open(HALF) for _ in range(120)]
    assert b"200" in await web.answer(WHOLE)
    assert await is_closed(halves[0][0])
    assert len(web.crowd) <= crowds.MOST_HALF_PER_ADDRESS + 1
    told = [record.getMessage() for record in caplog.records]
    assert [line for line in told if "too slow or too many; most from 127.0.0.1" in line] == told


async def test_many_requests_at_once_from_one_address_are_all_answered(web: Web) -> None:
    """A proxy's, for instance."""
    answers = await asyncio.gather(*(web.answer(WHOLE) for _ in range(400)))
    assert all(b"200" in answer for answer in answers)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HALF,
        WHOLE,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx",
    ],
)
async def test_when_all_connections_are_taken_the_oldest_that_waits_is_closed(data: bytes) -> None:
    async with Web(most=10).running() as web:
        for _ in range(30):
            await web.open(data)
            await asyncio.sleep(0.002)
        assert b"200" in await web.answer(WHOLE)
        assert len(web.crowd) <= 11


class Fake:
    """A connection that remembers that it was closed."""

    def __init__(self) -> None:
        self.was_cut = False

    def cut(self) -> None:
        self.was_cut = True


def test_only_connections_that_have_waited_are_too_many_of_one_address() -> None:
    now = 0.0
    crowd = Crowd(10_000, now=lambda: now)
    first = [Fake() for _ in range(crowds.MOST_HALF_PER_ADDRESS + 50)]
    for each in first:
        crowd.wait_for_request(each, "192.0.2.1")
    assert not any(each.was_cut for each in first)
    now = crowds.PATIENCE_SECONDS + 1
    crowd.wait_for_request(Fake(), "192.0.2.2")
    assert not any(each.was_cut for each in first)
    crowd.wait_for_request(Fake(), "192.0.2.1")
    assert [each.was_cut for each in first] == [True] + [False] * (len(first) - 1)


def test_there_is_a_limit_for_all_addresses_together() -> None:
    crowd = Crowd(10_000, now=lambda: 0.0)
    halves = [Fake() for _ in range(crowds.MOST_HALF + 5)]
    for number, each in enumerate(halves):
        crowd.wait_for_request(each, f"192.0.2.{number}")
    assert [each.was_cut for each in halves] == [True] * 5 + [False] * crowds.MOST_HALF


def test_who_is_served_is_not_closed() -> None:
    crowd = Crowd(2, now=lambda: 0.0)
    served, waiting = Fake(), Fake()
    crowd.wait_for_request(served, "192.0.2.1")
    crowd.leave(served)
    crowd.wait_for_client(waiting, "192.0.2.1")
    assert crowd.make_room(2) and crowd.make_room(3)
    assert (served.was_cut, waiting.was_cut) == (False, True)
    assert not crowd.make_room(3)


def test_of_those_that_wait_the_ones_that_stopped_in_the_middle_go_first() -> None:
    """The others may be about to send their request, all of it."""
    crowd = Crowd(2, now=lambda: 0.0)
    silent, stopped = Fake(), Fake()
    crowd.wait_for_request(silent, "192.0.2.1")
    crowd.wait_for_request(stopped, "192.0.2.1")
    crowd.begin(stopped)
    assert crowd.make_room(3)
    assert (silent.was_cut, stopped.was_cut) == (False, True)


def test_the_log_is_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    crowd = Crowd(10_000, now=lambda: now)
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            crowd.close(Fake(), "192.0.2.1")
        now = crowds.LOG_SECONDS
        crowd.close(Fake(), "192.0.2.2")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["1", "1000"]
