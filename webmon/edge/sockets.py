"""Live sockets, by session: when the session ends, so do they.

A session may end in this process (logout), in another (`webmon user disable`) or by itself. While
there is any socket, one task asks the database every few seconds which sessions still live. A
socket also ends when the person's role or namespaces change: the browser opens another one, which
knows nothing of what the first one was shown.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import tab_key
from webmon.edge.answers import Message, Receive, Send
from webmon.edge.visit import Scope, with_token

log = logging.getLogger(__name__)

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
FindLive = Callable[[set[str]], Awaitable[dict[str, Actor]]]
"""The person behind each of the given sessions that has not ended."""

NoteUsed = Callable[[set[str]], Awaitable[None]]
"""Notes that the given sessions are in use."""

SESSION_ENDED = 4401
NOTE_SECONDS = 60.0


class LiveSocket:
    """A socket between the server and the application, which can be cut."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.actor: Actor | None = None
        """Who opened it, with the rights of that moment; None until that is known."""
        self._receive = receive
        self._send = send
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_cut(self) -> bool:
        """Whether the session has ended."""
        return self._ended.done()

    async def receive(self) -> Message:
        """The next message; once cut, that the client has gone, even if it goes on sending."""
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

    def __init__(self, find_live: FindLive, note_used: NoteUsed, check_seconds: float) -> None:
        self._find_live = find_live
        self._note_used = note_used
        self._noted_at = time.monotonic()
        self._check_seconds = check_seconds
        self._sockets: dict[str, set[LiveSocket]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def attend(
        self, session: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Run ``app`` for a socket as long as its session lives; False where it does not.

        The socket is entered before the session is looked up, so that a logout in between
        finds it. The app sees a token of its own for the tab, bound to the session and the
        person's rights: what Reflex keeps for the token is then never found by anybody else.
        """
        socket = LiveSocket(receive, send)
        self._sockets.setdefault(session, set()).add(socket)
        try:
            actor = (await self._find_live({session})).get(session)
            if actor is None:
                return socket.is_cut
            socket.actor = actor
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._keep_checking())
            own = with_token(scope, lambda tab: tab_key(tab, session, actor))
            await app(own, socket.receive, socket.send)
            return True
        finally:
            self._leave(session, socket)

    def _leave(self, session: str, socket: LiveSocket) -> None:
        present = self._sockets.get(session, set())
        present.discard(socket)
        if not present:
            self._sockets.pop(session, None)

    async def check(self) -> None:
        """Cut the sockets of the sessions that have ended, and of people with other rights now."""
        if not self._sockets:
            return
        asked = set(self._sockets)
        live = await self._find_live(asked)
        changed = [
            socket
            for session in asked
            for socket in self._sockets.get(session, ())
            if _has_changed(socket.actor, live.get(session))
        ]
        await asyncio.gather(*(socket.cut() for socket in changed))

    async def _keep_checking(self) -> None:
        while self._sockets:
            await asyncio.sleep(self._check_seconds)
            try:
                await self.check()
                await self._note()
            except Exception:  # the database is away: look again next time
                log.warning("open sockets could not be checked", exc_info=True)

    async def _note(self) -> None:
        if time.monotonic() - self._noted_at > NOTE_SECONDS and self._sockets:
            self._noted_at = time.monotonic()
            await self._note_used(set(self._sockets))


def _has_changed(before: Actor | None, now: Actor | None) -> bool:
    return now is None or (before is not None and before != now)
