"""Live sockets, by session: when the session ends, so do they.

A session may end in this process (logout), in another (`webmon user disable`) or by itself. While
there is any socket, one task asks the database every few seconds which sessions still live.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from webmon.edge.answers import Message, Receive, Send
from webmon.edge.visit import Scope

log = logging.getLogger(__name__)

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
FindLive = Callable[[set[str]], Awaitable[set[str]]]

SESSION_ENDED = 4401


class LiveSocket:
    """A socket between the server and the application, which can be cut."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_cut(self) -> bool:
        """Whether the session has ended."""
        return self._ended.done()

    async def receive(self) -> Message:
        """The next message; once cut, that the client has gone, whatever it goes on sending."""
        if not self.is_cut:
            message: asyncio.Future[Message] = asyncio.ensure_future(self._receive())
            either: set[asyncio.Future[Any]] = {message, self._ended}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not self.is_cut:
                    return message.result()
            finally:
                message.cancel()
        return {"type": "websocket.disconnect", "code": SESSION_ENDED}

    async def send(self, message: Message) -> None:
        """Pass ``message`` on; once cut, drop it."""
        if not self.is_cut:
            await self._send(message)

    async def cut(self) -> None:
        """Close the socket with code 4401; a client that does not read cannot hold this up."""
        if not self.is_cut:
            self._ended.set_result(None)
            with suppress(OSError, RuntimeError, TimeoutError):  # closed already, or stuck
                async with asyncio.timeout(1):
                    await self._send({"type": "websocket.close", "code": SESSION_ENDED})


class Sockets:
    """All live sockets of this process, by the hash of their session's token."""

    def __init__(self, find_live: FindLive, check_seconds: float) -> None:
        self._find_live = find_live
        self._check_seconds = check_seconds
        self._sockets: dict[str, set[LiveSocket]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def attend(
        self, session: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Run ``app`` for a socket as long as its session lives; False where it does not.

        The socket is entered before the session is looked up, so that a logout in between
        finds it.
        """
        socket = LiveSocket(receive, send)
        self._sockets.setdefault(session, set()).add(socket)
        try:
            if session not in await self._find_live({session}):
                return socket.is_cut
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._keep_checking())
            await app(scope, socket.receive, socket.send)
            return True
        finally:
            self._leave(session, socket)

    def _leave(self, session: str, socket: LiveSocket) -> None:
        present = self._sockets.get(session, set())
        present.discard(socket)
        if not present:
            self._sockets.pop(session, None)

    async def check(self) -> None:
        """Cut the sockets of the sessions that have ended."""
        if not self._sockets:
            return
        asked = set(self._sockets)
        ended = asked - await self._find_live(asked)
        sockets = [socket for session in ended for socket in self._sockets.get(session, ())]
        await asyncio.gather(*(socket.cut() for socket in sockets))

    async def _keep_checking(self) -> None:
        while self._sockets:
            await asyncio.sleep(self._check_seconds)
            try:
                await self.check()
            except Exception:  # the database is away: look again next time
                log.warning("open sockets could not be checked", exc_info=True)
