"""Sockets through a real server: refused without a session, cut when it ends."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from webmon import server
from webmon.api.accounts import auth
from webmon.clock import utcnow
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import HashedPassword
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE, LIFETIME
from webmon.edge import Edge
from webmon.edge.crowd import Crowd
from webmon.models import User

EMAIL = "anna@example.org"


class Parrot:
    """A socket application that repeats what it hears, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.left: list[int] = []
        self.tokens: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        self.tokens.append(scope["query_string"].decode())
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            await send({"type": "websocket.send", "text": message["text"]})
        self.left.append(message["code"])


class Web:
    """The edge in a running server, with a parrot for the admin app."""

    def __init__(self, check_seconds: float) -> None:
        self.parrot = Parrot()
        public = FastAPI()
        public.include_router(auth.router)
        self.edge = Edge(self.parrot, public, check_seconds=check_seconds)

    @property
    def base(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self, token: str = "", path: str = "/admin/_event/", **options: Any) -> connect:
        cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
        options.setdefault("origin", f"http://{self.base}")
        return connect(f"ws://{self.base}{path}?token=1", additional_headers=cookie, **options)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Web"]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        configuration = server.configuration("unused", crowd=Crowd(100))
        configuration.app, configuration.factory = self.edge, False
        running = uvicorn.Server(configuration)
        task = asyncio.create_task(running._serve([listener]))
        while not running.started:
            await asyncio.sleep(0.005)
        yield self
        running.should_exit = True
        await task


@pytest.fixture
async def web(database: Database) -> AsyncIterator[Web]:
    async with Web(check_seconds=60).running() as web:
        yield web


@pytest.fixture
async def watchful_web(database: Database) -> AsyncIterator[Web]:
    async with Web(check_seconds=0.05).running() as web:
        yield web


@pytest.fixture
def token(database: Database) -> str:
    with database.write() as session:
        user = users.create_user(session, EMAIL, HashedPassword("-"), Role.VIEWER, now=utcnow())
        return logins.open_session(session, user, now=utcnow())


async def close_code(connection: ClientConnection) -> int | None:
    """The code with which the server closes; fails if it sends anything before."""
    with pytest.raises(ConnectionClosed) as caught:
        pytest.fail(f"received {await connection.recv()!r}")
    return caught.value.rcvd.code if caught.value.rcvd else None


@pytest.mark.parametrize("token", ["", "made-up"])
@pytest.mark.parametrize("subprotocols", [None, ["0.10.1"]])
async def test_a_socket_without_a_session_is_closed_with_4401(
    web: Web, token: str, subprotocols: Any
) -> None:
    async with web.connect(token, subprotocols=subprotocols) as connection:
        with pytest.raises(ConnectionClosed):
            await connection.send("hello")
            await connection.recv()
        assert connection.close_code == 4401
        assert connection.subprotocol == (subprotocols and subprotocols[0])
    assert web.parrot.heard == []


async def test_a_socket_with_a_session_is_served(web: Web, token: str) -> None:
    async with web.connect(token) as connection:
        for text in ("one", "two"):
            await connection.send(text)
            assert await connection.recv() == text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1"])
async def test_a_socket_from_another_site_is_refused(web: Web, token: str, origin: Any) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await web.connect(token, origin=origin)
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/status/", "/_event", "/_event/", "/admin/", "/admin/hosts/", "/Admin/_event"),
        *("//admin/_event", "/admin/_event/x", "/admin//_event", "/api/v1/status", "/auth/login"),
    ],
)
async def test_there_is_no_other_socket(web: Web, token: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await web.connect(token, path=path)
    assert caught.value.response.status_code == 403


async def test_logging_out_closes_the_sessions_sockets_at_once(
    web: Web, token: str, database: Database
) -> None:
    with database.write() as session:
        user = users.create_user(
            session, "ben@example.org", HashedPassword("-"), Role.VIEWER, now=utcnow()
        )
        other_token = logins.open_session(session, user, now=utcnow())
    async with (
        web.connect(token) as first,
        web.connect(token) as second,
        web.connect(other_token) as other,
        httpx.AsyncClient(base_url=f"http://{web.base}", cookies={COOKIE: token}) as client,
    ):
        answer = await client.post("/auth/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login/")
        assert await close_code(first) == await close_code(second) == 4401
        await other.send("still here")
        assert await other.recv() == "still here"
    assert 4401 in web.parrot.left


def new_password(database: Database) -> None:
    with database.write() as session:
        users.set_password(
            session, users.id_of(session, EMAIL), HashedPassword("new"), actor=None, now=utcnow()
        )


def disable(database: Database) -> None:
    with database.write() as session:
        users.disable_user(session, users.id_of(session, EMAIL), actor=None, now=utcnow())


def demote(database: Database) -> None:
    with database.write() as session:
        session.execute(update(User).values(limited=True))


@pytest.mark.parametrize("end_session", [new_password, disable, demote])
async def test_what_ends_a_session_elsewhere_ends_its_sockets(
    watchful_web: Web, token: str, database: Database, end_session: Any
) -> None:
    async with watchful_web.connect(token) as connection:
        await connection.send("hello")
        await connection.recv()
        end_session(database)
        assert await close_code(connection) == 4401


async def test_a_socket_ends_with_its_session(
    watchful_web: Web, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watchful_web.connect(token) as connection:
        monkeypatch.setattr("webmon.edge.gate.utcnow", lambda: utcnow() + LIFETIME)
        assert await close_code(connection) == 4401


async def test_a_client_that_ignores_the_close_is_not_heard_any_more(
    watchful_web: Web, token: str, database: Database
) -> None:
    """A client that goes on sending frames, as no honest one would."""
    reader, writer = await asyncio.open_connection("127.0.0.1", watchful_web.port)
    writer.write(
        f"GET /admin/_event/ HTTP/1.1\r\nHost: {watchful_web.base}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {'A' * 22}==\r\nCookie: {COOKIE}={token}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    frame = b"\x81\x85\x00\x00\x00\x00hello"
    writer.write(frame)
    assert await reader.readexactly(7) == b"\x81\x05hello"
    disable(database)
    assert (await reader.readexactly(4))[2:] == (4401).to_bytes(2, "big")
    writer.write(frame * 3)
    await writer.drain()
    while not watchful_web.parrot.left:
        await asyncio.sleep(0.005)
    assert watchful_web.parrot.heard == ["hello"]
    writer.close()


async def test_what_is_kept_for_a_tab_belongs_to_the_session_and_the_rights(
    watchful_web: Web, token: str, database: Database
) -> None:
    """The same tab, with another session, or with other rights of the same person."""
    with database.write() as session:
        user_id = session.exec(select(User.id)).one()
        other = logins.open_session(session, user_id, now=utcnow())

    async def seen(cookie: str) -> str:
        async with watchful_web.connect(cookie) as connection:
            await connection.send("hello")
            await connection.recv()
        return watchful_web.parrot.tokens[-1]

    first, again, of_other = await seen(token), await seen(token), await seen(other)
    demote(database)
    demoted = await seen(token)
    assert first == again
    assert len({first, of_other, demoted}) == 3
    assert all(re.fullmatch("token=[0-9a-f]{64}", each) for each in (first, of_other, demoted))


async def test_the_server_stops_while_a_socket_is_open(web: Web, token: str) -> None:
    async with web.connect(token) as connection:
        await connection.send("hello")
        await connection.recv()
        listener = asyncio.create_task(close_code(connection))
        await asyncio.sleep(0)
    assert await listener in (1000, 1012)
