"""A forgotten password: a link by mail. Nothing says whether an address is somebody's."""

import asyncio

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import Response

from webmon import config, db
from webmon.api.accounts.auth import LOGIN, Text, back, where_from
from webmon.api.accounts.sheets import field, form, sheet
from webmon.clock import utcnow
from webmon.commands.accounts.letters import ask_for_link, count_request
from webmon.errors import Throttled

router = APIRouter(prefix="/auth", tags=["sign in"], default_response_class=Response)

FORGOTTEN = "/auth/forgotten"
NO_MAIL = (
    "This installation sends no e-mail, because no mail server is set. Ask an admin for a link "
    "with which you choose a new password."
)


@router.get("/forgotten")
async def ask() -> Response:
    """Where somebody asks for a link, or is told why there is none."""
    return _page()


@router.post("/forgotten", status_code=303, include_in_schema=False)
async def send(request: Request, later: BackgroundTasks, email: Text = "") -> Response:
    """Have a link sent. What depends on whether the address is somebody's is done after the answer,
    so that the answer takes the same time."""
    if not has_mail():
        return _page()
    try:
        await asyncio.to_thread(_count, where_from(request)["address"])
    except Throttled as error:
        text = f"Too many attempts. Wait {error.wait_seconds} seconds and try again."
        return _page(text, 429)
    later.add_task(_ask, email)
    return back(LOGIN, error="sent")


def has_mail() -> bool:
    """Whether a mail server is set."""
    return config.settings().has_mail


def invitation_html() -> str:
    """What the login says below its form."""
    if has_mail():
        return f'<p class="hint"><a href="{FORGOTTEN}">Forgotten your password?</a></p>'
    why = "Forgotten your password? Ask an admin for a link: no mail is sent here."
    return f'<p class="hint">{why}</p>'


def _page(error: str = "", status: int = 200) -> Response:
    if not has_mail():
        return sheet("Forgotten your password?", f"<p>{NO_MAIL}</p>")
    more = 'autocomplete="username" autofocus maxlength="254"'
    hint = "If there is an account with this address, it gets a link. It works once, for an hour."
    asked = field("E-mail address", "email", kind="email", hint=hint, more=more)
    html = form(FORGOTTEN, asked, "Send the link")
    return sheet("Forgotten your password?", html, error=error, status=status)


def _count(address: str) -> None:
    with db.write() as session:
        count_request(session, address, now=utcnow())


def _ask(email: str) -> None:
    with db.write() as session:
        ask_for_link(session, email, now=utcnow())
