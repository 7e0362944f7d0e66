"""Another e-mail address of one's own: asked for in the profile, confirmed by a link."""

import asyncio
from functools import partial
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import Response

from webmon import db
from webmon.api.accounts.auth import ANYBODY, LOGIN, Text, back
from webmon.api.accounts.profile import PROFILE, done_for, who
from webmon.api.accounts.sheets import form, sheet
from webmon.clock import utcnow
from webmon.commands.accounts import own_address
from webmon.errors import ConfirmationNeeded, Invalid, NotFound, PermissionDenied, Throttled

router = APIRouter(
    prefix="/auth", tags=["profile"], include_in_schema=False, default_response_class=Response
)

ADDRESS = "/auth/email"
TITLE = "Confirm your address"
OVER = "This link is not valid or has expired. Ask for another one in your profile."
TAKEN = "Somebody else has this address here. Nothing was changed."


@router.post("/email", status_code=303)
async def ask(request: Request, email: Text = "") -> Response:
    """Ask for another address; without a mail server it counts at once."""
    at_once = False

    def command(session: db.Session, **who: object) -> None:
        nonlocal at_once
        at_once = own_address.ask_for_address(session, email, **who)  # type: ignore[arg-type]

    try:
        await asyncio.to_thread(done_for, request, command)
    except ConfirmationNeeded:
        return back(PROFILE, error="confirm")
    except Throttled:
        return back(PROFILE, error="throttled")
    except Invalid as error:
        is_taken = "there is a user" in str(error)
        return back(PROFILE, error="email_taken" if is_taken else "email")
    except PermissionDenied:
        return back(LOGIN)
    return back(PROFILE, done="email" if at_once else "email_asked")


@router.post("/email/keep", status_code=303)
async def keep(request: Request) -> Response:
    """Keep the present address."""
    try:
        await asyncio.to_thread(done_for, request, own_address.forget_asked)
    except PermissionDenied:
        return back(LOGIN)
    return back(PROFILE, done="email_kept")


@router.get("/email")
async def offer(token: str = "") -> Response:
    """The page behind the link. Only its button changes anything: programs open links, too."""
    email = await ANYBODY.run(partial(_asked, token))
    if email is None:
        return sheet(TITLE, "", error=OVER, status=404)
    html = f"<p>Your address here is to be <b>{escape(email)}</b>. You sign in with it then.</p>"
    return sheet(TITLE, html + form(f"{ADDRESS}/confirm", "", "Use this address", token=token))


@router.post("/email/confirm")
async def confirm(request: Request, token: Text = "") -> Response:
    """Use the link up."""
    try:
        email = await ANYBODY.run(partial(_confirm, token))
    except NotFound:
        return sheet(TITLE, "", error=OVER, status=404)
    except Invalid:
        return sheet(TITLE, "", error=TAKEN, status=409)
    if await asyncio.to_thread(who, request) is not None:
        return back(PROFILE, done="email")
    return back(LOGIN, error="moved", email=email)


def _asked(token: str) -> str | None:
    with db.read() as session:
        return own_address.address_asked(session, token, now=utcnow())


def _confirm(token: str) -> str:
    with db.write() as session:
        return own_address.confirm_address(session, token, now=utcnow())
