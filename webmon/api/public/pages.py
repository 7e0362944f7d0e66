"""The public pages: the HTML of the build, with what only the server knows filled in.

Because of that the status page shows its board before any script has run, and all of them work
without JavaScript.
"""

import asyncio
import re
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from webmon import clock
from webmon.api.accounts.forgotten import invitation_html
from webmon.api.accounts.oidc import link_html
from webmon.api.look import in_look
from webmon.api.public.board_html import board_html, nothing_known_html
from webmon.api.public.kept_snapshots import Snapshots, Unavailable, send
from webmon.api.public.status import CACHE_CONTROL
from webmon.errors import NotFound
from webmon.queries.public.snapshot import PublicStatusView, narrowed

GET = ["GET", "HEAD"]
MEDIA_TYPE = "text/html; charset=utf-8"
RELOAD = '<noscript><meta http-equiv="refresh" content="60"></noscript>'

ALTERNATES = {
    "text/calendar": "/status/calendar.ics",
    "application/atom+xml": "/status/feed.atom",
}

LOGIN_ERRORS = {
    "wrong": "The e-mail address or the password is wrong.",
    "throttled": "Too many attempts. The next one is possible in {wait}.",
    "expired": "You have been logged out. Please log in again.",
    "provider": "Your organisation has signed nobody in. Try again, or use your password.",
    "stranger": "Your organisation knows you, but you may not sign in here. Ask an admin.",
    "sent": "If there is an account with that address, a link is on its way to it.",
    "moved": "Your address is changed. Log in with the new one.",
    "origin": "That form came from another address. Please use this one.",
}
SETUP_ERRORS = {
    "token": "This link is not valid or has expired. Use the one printed at the last start.",
    "password_short": "The password needs at least 15 characters.",
    "password_long": "The password may have at most 1000 characters.",
    "password_common": "Many people have this password. Choose one that nobody guesses.",
    "password_mismatch": "The two passwords differ.",
    "email": "That does not look like an e-mail address.",
    "busy": "Too many people are logging in at the moment. Please try again in a few seconds.",
    "done": "There is an account already. Please log in.",
    "origin": LOGIN_ERRORS["origin"],
}
INVITE_ERRORS = SETUP_ERRORS | {
    "token": "This link is not valid or has expired. Ask an admin for another one.",
    "password_short_with_factor": "The password needs at least 8 characters.",
}


def router(snapshots: Snapshots, site: Path) -> APIRouter:
    """`/status/` and the pages of accounts; ``site`` is the folder of the public build."""
    routes = APIRouter(include_in_schema=False)

    def board_only(view: PublicStatusView, namespace: str | None) -> bytes:
        if namespace is not None:
            narrowed(view, namespace)
        return board_html(view, namespace or "", now=clock.utcnow()).encode()

    def whole_page(view: PublicStatusView, namespace: str | None) -> bytes:
        return in_page(board_only(view, namespace).decode(), namespace or "").encode()

    def in_page(board: str, namespace: str = "") -> str:
        page = fill(_template(site / "status/index.html"), "board", board)
        links = RELOAD + _alternates(namespace)
        return in_look(page.replace("</head>", f"{links}</head>", 1), namespace)

    @routes.api_route("/status/", methods=GET)
    async def status(request: Request, namespace: str = "", part: str = "") -> Response:
        """The page, or with ``part=board`` the board alone, with which the page refreshes."""
        is_part = part == "board"
        try:
            render = board_only if is_part else whole_page
            packed = await snapshots.packed(render, namespace or None)
        except NotFound:
            board = board_html(await snapshots.view(), namespace, now=clock.utcnow())
            return _html(board if is_part else await asyncio.to_thread(in_page, board), 404)
        except Unavailable:
            board = nothing_known_html()
            return _html(board if is_part else await asyncio.to_thread(in_page, board), 503)
        cache_control = CACHE_CONTROL if is_part else "no-cache"
        return send(request, packed, cache_control=cache_control, media_type=MEDIA_TYPE)

    @routes.api_route("/login/", methods=GET)
    async def login(error: str = "", wait: str = "", email: str = "", next: str = "") -> Response:
        text = LOGIN_ERRORS.get(error, "").format(wait=_duration(wait))
        contents = {"alert": alert_html(text), "next": _hidden("next", next) if next else ""}
        contents |= {"forgotten": invitation_html(), "provider": link_html()}
        return await _page(site / "login/index.html", contents, email=email)

    @routes.api_route("/setup/", methods=GET)
    async def setup(error: str = "", token: str = "", email: str = "") -> Response:
        text = SETUP_ERRORS.get(error if token else error or "token", "")
        contents = {"alert": alert_html(text), "token": _hidden("token", token)}
        return await _page(site / "setup/index.html", contents, email=email)

    @routes.api_route("/invite/", methods=GET)
    async def invite(error: str = "", token: str = "") -> Response:
        text = INVITE_ERRORS.get(error if token else error or "token", "")
        contents = {"alert": alert_html(text), "token": _hidden("token", token)}
        return await _page(site / "invite/index.html", contents)

    return routes


def _alternates(namespace: str) -> str:
    """The planned downtime of the page for calendars and for readers of feeds."""
    query = f"?{urlencode({'namespace': namespace})}" if namespace else ""
    return "".join(
        f'<link rel="alternate" type="{kind}" title="Planned downtime" href="{path}{query}">'
        for kind, path in ALTERNATES.items()
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def alert_html(text: str) -> str:
    """What went wrong with the last attempt; empty where nothing did."""
    return f'<p class="alert" role="alert">{escape(text)}</p>' if text else ""


def fill(template: str, element: str, html: str) -> str:
    """``template`` with ``html`` inside its empty ``div`` of that id.

    Raises:
        ValueError: the build has no such element.
    """
    place = re.compile(rf'(<div\b[^>]*\bid="{element}"[^>]*>)(?=</div>)')
    page, found = place.subn(lambda match: match[1] + html, template, count=1)
    if not found:
        raise ValueError(f"the page has no empty element “{element}”")
    return page


async def _page(path: Path, contents: dict[str, str], *, email: str = "") -> Response:
    page = await asyncio.to_thread(in_look, _template(path))
    for element, html in contents.items():
        page = fill(page, element, html)
    if email:  # so that a wrong password costs typing the password only
        page = page.replace(' id="email"', f' id="email" value="{escape(email)}"', 1)
    return _html(page)


def _html(page: str, status: int = 200) -> Response:
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


def _template(path: Path) -> str:
    """Read each time, because the site may have been built again since."""
    return path.read_text("utf-8")


def _duration(text: str) -> str:
    """“30 seconds”, from a query parameter that anybody may have written."""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    if seconds < 90:
        return f"{max(seconds, 1)} second{'s' if seconds > 1 else ''}"
    return f"{-(-seconds // 60)} minutes"
