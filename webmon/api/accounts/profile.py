"""What people change about themselves: plain forms, so that no password goes through the app."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from webmon import db
from webmon.api.accounts.auth import (
    KNOWN,
    LOGIN,
    Text,
    Ticked,
    Where,
    back,
    password_fault,
    signed_in,
    where_from,
)
from webmon.clock import utcnow
from webmon.commands.accounts.confirmations import confirm_password
from webmon.commands.accounts.logins import Login, new_login
from webmon.commands.accounts.own_profile import choose_mails, end_session, update_profile
from webmon.commands.accounts.passwords import hash_password
from webmon.commands.accounts.users import change_own_password
from webmon.commands.slack.links import new_code
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import token_hash, token_in
from webmon.domain.plain_page import plain_page
from webmon.errors import Invalid, NotFound, PermissionDenied, Throttled
from webmon.queries.accounts import actor_for_token
from webmon.queries.second_factors import has_factor

router = APIRouter(prefix="/auth", tags=["profile"], default_response_class=Response)

PROFILE = "/admin/profile/"


@router.post("/profile", status_code=303)
async def profile(
    request: Request, name: Text = "", timezone: Text = "", theme: Text = ""
) -> Response:
    """Change one's own name, timezone and theme."""
    fields = {"name": name, "timezone": timezone, "theme": theme}
    return await _done(request, partial(update_profile, fields=fields), "profile")


@router.post("/mails", status_code=303)
async def mails(request: Request, mails: Ticked = None) -> Response:
    """Choose which of the built-in e-mails one gets."""
    return await _done(request, partial(choose_mails, wanted=mails or []), "mails")


@router.post("/sessions/end", status_code=303)
async def end(request: Request, which: Text = "") -> Response:
    """End one of one's own sessions, by the name that the profile shows, or all ``others``."""
    present = token_hash(token_in(request.headers.get("cookie", "")) or "")
    command = partial(end_session, which=which, present=present)
    return await _done(request, command, "sessions")


@router.post("/slack-code", response_class=HTMLResponse)
async def slack_code(request: Request) -> Response:
    """A code with which one links oneself in Slack; shown once, in a page of its own."""
    actor = await asyncio.to_thread(who, request)
    if actor is None:
        return back(LOGIN)
    code = await asyncio.to_thread(_new_slack_code, actor.user_id)
    text = f"Type /webmon link {code} in Slack within 15 minutes. The code works once."
    return HTMLResponse(plain_page("Link Slack", text), headers={"Cache-Control": "no-store"})


def _new_slack_code(user_id: int) -> str:
    with db.write() as session:
        return new_code(session, user_id, now=utcnow())


@router.post("/password", status_code=303)
async def password(
    request: Request, current: Text = "", password: Text = "", password_again: Text = ""
) -> Response:
    """Change one's own password. Every session ends; a new one begins in this browser."""
    actor = await asyncio.to_thread(who, request)
    if actor is None:
        return back(LOGIN)
    eased = await asyncio.to_thread(_has_factor, actor.user_id)
    if wrong := password_fault(password, password_again, email=actor.email, has_factor=eased):
        return back(PROFILE, error=wrong)
    change = partial(_change_password, actor, current, password, where_from(request))
    try:
        login = await KNOWN.run(change)
    except Throttled as error:
        return back(PROFILE, error="throttled", wait=str(error.wait_seconds))
    except Invalid:
        return back(PROFILE, error="current")
    except (NotFound, PermissionDenied):
        return back(LOGIN)
    return signed_in(request, login, f"{PROFILE}?done=password")


def _change_password(actor: Actor, current: str, password: str, where: Where) -> Login:
    confirm_password(actor.user_id, current, now=utcnow())
    hashed = hash_password(password, email=actor.email, has_factor=_has_factor(actor.user_id))
    now = utcnow()
    with db.write() as session:
        change_own_password(session, hashed, actor=actor, now=now)
        return new_login(session, actor.user_id, **where, now=now)


def _has_factor(user_id: int) -> bool:
    with db.read() as session:
        return has_factor(session, user_id)


async def _done(request: Request, command: Callable[..., None], what: str) -> Response:
    """Do ``command(session, actor=…, now=…)`` for who is signed in, and go back to the profile."""
    try:
        await asyncio.to_thread(done_for, request, command)
    except (Invalid, NotFound) as error:
        field = error.field if isinstance(error, Invalid) else ""
        return back(PROFILE, error=field if field in ("name", "timezone", "theme") else what)
    except PermissionDenied:
        return back(LOGIN)
    return back(PROFILE, done=what)


def done_for(request: Request, command: Callable[..., Any]) -> None:
    """Do ``command(session, actor=…, now=…)`` for who is signed in.

    Raises:
        PermissionDenied: nobody is; or what the command raises.
    """
    with db.write() as session:
        actor = _actor(session, request)
        if actor is None:
            raise PermissionDenied("sign in first")
        command(session, actor=actor, now=utcnow())


def who(request: Request) -> Actor | None:
    """The person behind the request's session cookie."""
    with db.read() as session:
        return _actor(session, request)


def _actor(session: Any, request: Request) -> Actor | None:
    token = token_in(request.headers.get("cookie", ""))
    return actor_for_token(session, token, now=utcnow())
