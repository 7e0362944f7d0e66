"""The gate: default deny. What is not named here does not exist."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from webmon import db
from webmon.clock import utcnow
from webmon.commands.accounts.logins import note_used
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import token_hash
from webmon.edge.answers import Receive, Send, redirect, refuse
from webmon.edge.bodies import Refused, read_body
from webmon.edge.headers import dressed
from webmon.edge.origins import Comparisons
from webmon.edge.own_address import OwnAddress, elsewhere, is_shown
from webmon.edge.proxies import ProxyWatch
from webmon.edge.sockets import SESSION_ENDED, ASGIApp, Sockets
from webmon.edge.visit import Scope, Visit, read_visit
from webmon.origin import Way, coming
from webmon.queries import accounts

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

ROOMS = (
    "/admin",
    "/admin/host",
    "/admin/service",
    "/admin/hosts",
    "/admin/channels",
    "/admin/incidents",
    "/admin/downtime",
    "/admin/import",
    "/admin/namespaces",
    "/admin/users",
    "/admin/keys",
    "/admin/profile",
    "/admin/settings",
    "/admin/activity",
)
MOVED = {"/": "/status/"} | {
    path: f"{path}/" for path in ("/status", "/login", "/setup", "/invite", *ROOMS)
}
PAGES = frozenset({"/status/", "/login/", "/setup/", "/invite/"})
MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})
FILES = frozenset({"/favicon.svg", "/status/calendar.ics", "/status/feed.atom", "/status/logo"})
FOLDERS = ("/assets/", "/auth/", "/api/", "/badge/")
SOCKET = "/admin/_event"
ADMIN_API = "/admin/api/"
"""Numbers for the admin app's charts: behind the session, but served by FastAPI."""
NO_PAGES = frozenset({"/admin/", f"{SOCKET}/"})
"""Where the login leads anyway, and what is for programs."""
TRY_AGAIN_LATER = 1013


class Unavailable(Exception):
    """The database cannot be asked, so nobody is let in."""


class Edge:
    """The admin app behind a session, the public site and the API in front, nothing else.

    ``trusted_proxies`` is how many hops of X-Forwarded-For, -Proto and -Host are believed;
    ``base_url`` is an address of ours for any Host header, empty where none is set;
    ``after_sign_in_or_out`` is called when a session may have ended.
    """

    def __init__(
        self,
        admin: ASGIApp,
        public: ASGIApp,
        *,
        trusted_proxies: int = 0,
        base_url: str = "",
        check_seconds: float = 3.0,
        after_sign_in_or_out: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._admin = admin
        self._public = public
        self._trusted_proxies = trusted_proxies
        self._base_url = base_url
        self._comparisons = Comparisons()
        self._proxies = ProxyWatch()
        self._own_address = OwnAddress()
        self._sockets = Sockets(_live_actors, _note_used, check_seconds)
        self._after_sign_in_or_out = after_sign_in_or_out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the process's lifespan."""
        if scope["type"] == "lifespan":
            return await self._admin(scope, receive, send)
        visit = read_visit(scope, self._trusted_proxies, self._base_url)
        if not self._trusted_proxies:
            self._proxies.look(visit, scope)
        if visit.is_socket:
            return await self._serve_socket(visit, scope, receive, send)
        send = dressed(send, visit)
        address = scope["client"][0] if scope.get("client") else ""
        try:
            with coming(Way.APP, address=address):
                await self._serve(visit, scope, receive, send)
        except Unavailable:
            await refuse(visit, send, HTTPStatus.SERVICE_UNAVAILABLE)
        except Refused as refused:
            await refuse(visit, send, refused.status)

    async def _serve(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        if not visit.is_plain or not _exists(visit.path):
            return await refuse(visit, send, HTTPStatus.NOT_FOUND)
        if await self._own_address.is_asked(visit) and not is_shown(visit):
            if there := elsewhere(visit):
                return await redirect(send, there, status=HTTPStatus.TEMPORARY_REDIRECT)
            return await refuse(visit, send, HTTPStatus.NOT_FOUND)
        if not visit.is_safe and not visit.is_same_origin:
            self._tell_of_origin(visit)
            return await refuse(visit, send, HTTPStatus.FORBIDDEN)
        if visit.is_admin and not await _is_signed_in(visit):
            return await redirect(send, _login(visit))
        if visit.path.rstrip("/") == SOCKET and "transport=websocket" in visit.query:
            log.warning("a proxy in front does not pass WebSockets on (docs/operations.md)")
            return await refuse(visit, send, HTTPStatus.UPGRADE_REQUIRED)
        if visit.path in MOVED:
            query = f"?{visit.query}" if visit.query else ""
            status = HTTPStatus.TEMPORARY_REDIRECT
            return await redirect(send, MOVED[visit.path] + query, status=status)
        if visit.path == "/login/" and await _is_signed_in(visit):
            return await redirect(send, "/admin/")
        if visit.path == "/setup/" and await _is_set_up():
            return await refuse(visit, send, HTTPStatus.NOT_FOUND)
        if not visit.is_safe:
            receive = await read_body(visit, receive)
        is_page = visit.is_admin and not visit.path.startswith(ADMIN_API)
        await (self._admin if is_page else self._public)(scope, receive, send)
        if not visit.is_safe and visit.path.startswith("/auth/"):
            with suppress(Unavailable, db.DatabaseError):  # both are done again soon
                await self._sockets.check()  # that may have ended a session
                if self._after_sign_in_or_out is not None:
                    await self._after_sign_in_or_out()

    async def _serve_socket(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        known = visit.is_plain and visit.path.rstrip("/") == SOCKET
        known = known and not await self._own_address.is_asked(visit)
        if not known or not visit.is_same_origin:
            if known:
                self._tell_of_origin(visit)
            await receive()
            return await send({"type": "websocket.close"})  # answers the handshake with 403
        if visit.token is None:
            return await _close(scope, receive, send, SESSION_ENDED)
        try:
            session = token_hash(visit.token)
            if not await self._sockets.attend(session, self._admin, scope, receive, send):
                await _close(scope, receive, send, SESSION_ENDED)
        except Unavailable:
            await _close(scope, receive, send, TRY_AGAIN_LATER)

    def _tell_of_origin(self, visit: Visit) -> None:
        headers = visit.headers
        site, referer = headers.get("sec-fetch-site", ""), headers.get("referer", "")
        origin = headers.get("origin", f"none, Sec-Fetch-Site {site}, Referer {referer}")
        forwarded = headers.get("x-forwarded-host", "")
        self._comparisons.tell(origin, headers.get("host", ""), forwarded, visit.base_url)


def _exists(path: str) -> bool:
    known = path in MOVED or path in PAGES or path in MACHINES or path in FILES
    return known or path.startswith(("/admin/", *FOLDERS))


def _login(visit: Visit) -> str:
    """The address of the login, which leads back to the page that was asked for."""
    is_page = visit.path.endswith("/") and visit.path not in NO_PAGES
    if not is_page or not visit.is_safe:
        return "/login/"
    wanted = f"{visit.path}?{visit.query}" if visit.query else visit.path
    return f"/login/?{urlencode({'next': wanted})}"


async def _close(scope: Scope, receive: Receive, send: Send, code: int) -> None:
    """Close a socket with ``code``. It is accepted first: only then does the client see a code."""
    await receive()
    protocol = next(iter(scope.get("subprotocols", ())), None)
    await send({"type": "websocket.accept", "subprotocol": protocol})
    await send({"type": "websocket.close", "code": code})


async def _is_signed_in(visit: Visit) -> bool:
    token = visit.token
    return token is not None and bool(await _live_actors({token_hash(token)}))


async def _live_actors(hashes: set[str]) -> dict[str, Actor]:
    def ask() -> dict[str, Actor]:
        with db.read() as session:
            return accounts.live_actors(session, hashes, now=utcnow())

    return await _ask(ask)


async def _note_used(hashes: set[str]) -> None:
    def note() -> None:
        with db.write() as session:
            note_used(session, hashes, now=utcnow())

    await _ask(note)


async def _is_set_up() -> bool:
    def ask() -> bool:
        with db.read() as session:
            return accounts.any_user(session)

    return await _ask(ask)


async def _ask(question: Callable[[], Answer]) -> Answer:
    try:
        return await asyncio.to_thread(question)
    except db.DatabaseError as error:
        log.warning("the database could not be asked: %s", db.reason(error))
        raise Unavailable from error
