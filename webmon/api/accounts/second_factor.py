"""The second step of a sign-in, setting up a second factor, and proving again who one is.

A secret or a recovery code is on the one page that shows it to its owner, and nowhere else.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from webmon import db
from webmon.api.accounts.auth import (
    CODE,
    ENROL,
    HOME,
    KNOWN,
    LOGIN,
    Text,
    Where,
    back,
    give_session,
    signed_in,
    wanted,
    where_from,
)
from webmon.api.accounts.profile import PROFILE, who
from webmon.api.accounts.sheets import field, form, sheet
from webmon.clock import utcnow
from webmon.commands.accounts import confirmations, pending, second_factor
from webmon.commands.accounts.logins import Login, new_login
from webmon.commands.accounts.own_profile import OTHERS, end_session
from webmon.domain.accounts.access import Actor, is_confirmed
from webmon.domain.accounts.sessions import PENDING_COOKIE, token_hash, token_in
from webmon.errors import Invalid, NotFound, Throttled
from webmon.queries.accounts import has_password, signed_in_by_provider
from webmon.queries.second_factors import has_factor

router = APIRouter(prefix="/auth", tags=["second factor"], default_response_class=Response)

ONE_TIME = 'autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40"'
WAIT = "Too many wrong attempts. Wait {} seconds and try again."
TITLE = "Set up a second factor"
ASK_PROVIDER = (
    "<p>You sign in by your organisation. It has to confirm first that it is you.</p>"
    f'<p><a class="onwards" href="/auth/oidc?again=1&amp;next={ENROL}">'
    "Ask your organisation</a></p>"
)
WRONG = "That code is wrong, or was used already."


class Proof(StrEnum):
    """How somebody who sets up a second factor proves who they are."""

    PENDING = "they are about to sign in, and have done the first step"
    PASSWORD = "their password is asked for"
    PROVIDER = "they have no password, and have just proved it at the provider"
    PROVIDER_ASKED = "they have no password, and the provider has to ask them first"


@dataclass(frozen=True, slots=True)
class _Person:
    """Who sets up a second factor; ``by_provider`` is how they sign in, or have signed in."""

    user_id: int
    email: str
    proof: Proof
    by_provider: bool


@router.get("/code")
async def ask_code(next: str = "") -> Response:
    """The page of the second step."""
    return _code_page(next)


@router.post("/code", status_code=303)
async def code(request: Request, code: Text = "", next: Text = "") -> Response:
    """The second step: a code of the app, or a recovery code."""
    finish = partial(
        second_factor.finish_login, _pending(request), code, **where_from(request), now=utcnow()
    )
    try:
        login = await KNOWN.run(finish)
    except Throttled as error:
        return _code_page(next, WAIT.format(error.wait_seconds), 429)
    except Invalid:
        return _code_page(next, WRONG, 403)
    except NotFound:
        return back(LOGIN, error="expired", **wanted(next))
    return signed_in(request, login, wanted(next).get("next", HOME))


def _code_page(next: str, error: str = "", status: int = 200) -> Response:
    hint = "The six digits that your app shows, or one of your recovery codes."
    asked = field("Code", "code", hint=hint, more=f"autofocus {ONE_TIME}")
    html = form(CODE, asked, "Sign in", **wanted(next))
    return sheet("Enter your code", html, error=error, status=status)


@router.get("/second-factor")
async def offer(request: Request, next: str = "") -> Response:
    """The page on which a second factor is set up, by somebody signed in or about to be."""
    try:
        person = await asyncio.to_thread(_enrolling, request)
    except NotFound:
        return back(LOGIN, **wanted(next))
    if await asyncio.to_thread(_has_factor, person.user_id):
        return back(PROFILE if person.proof is not Proof.PENDING else LOGIN)
    if person.proof is Proof.PROVIDER_ASKED:
        return sheet(TITLE, ASK_PROVIDER)
    return _enrol_page(person, second_factor.new_secret(), next=next)


@router.post("/second-factor")
async def enrol(
    request: Request, sealed: Text = "", code: Text = "", password: Text = "", next: Text = ""
) -> Response:
    """Set up a second factor: the code proves that the app has the secret, the password (where
    somebody is signed in already) that it is they. Who has none has just proved it at the
    provider."""
    try:
        person = await asyncio.to_thread(_enrolling, request)
        owner, secret = pending.unseal_for("enrol", sealed, now=utcnow())
        if owner != person.user_id:
            raise NotFound(pending.OVER)
    except NotFound:
        return back(LOGIN, **wanted(next))
    if person.proof is Proof.PROVIDER_ASKED:
        return sheet(TITLE, ASK_PROVIDER, status=403)
    again = partial(_enrol_page, person, secret, next=next)
    work = partial(_enrol, person, secret, code, password, where_from(request))
    try:
        login, codes = await KNOWN.run(work)
    except Throttled as error:
        return again(error=WAIT.format(error.wait_seconds), status=429)
    except Invalid as error:
        is_password = error.field == "current"
        text = "That is not your password." if is_password else "That code is wrong. Try the next."
        return again(error=text, status=403)
    home = HOME if person.proof is Proof.PENDING else PROFILE
    page = _codes_page(codes, wanted(next).get("next", home))
    give_session(request, page, login)
    return page


@router.post("/second-factor/codes")
async def codes(request: Request, code: Text = "") -> Response:
    """Make new recovery codes; ``code`` is one of the current ones, or of the app."""
    return await _with_code(request, code, remove=False)


@router.post("/second-factor/remove", status_code=303)
async def remove(request: Request, code: Text = "") -> Response:
    """Sign in by the password alone from now on; ``code`` as above."""
    return await _with_code(request, code, remove=True)


async def _with_code(request: Request, code: str, *, remove: bool) -> Response:
    actor = await asyncio.to_thread(who, request)
    if actor is None:
        return back(LOGIN)
    token = token_in(request.headers.get("cookie", "")) or ""
    try:
        made = await KNOWN.run(partial(_change_factor, actor, token, code, remove))
    except Throttled:
        return back(PROFILE, error="throttled")
    except Invalid as error:
        return back(PROFILE, error="code" if error.field == "code" else "required")
    return _codes_page(made, PROFILE) if made else back(PROFILE, done="factor_removed")


@router.post("/confirm", include_in_schema=False)
async def confirm(request: Request, password: Text = "", code: Text = "") -> Response:
    """Prove again who one is: by a code where there is a second factor, else by the password.

    204 where that is right, 403 or 429 with a sentence where it is not.
    """
    actor = await asyncio.to_thread(who, request)
    if actor is None:
        return PlainTextResponse("Your session has ended. Sign in again.", 401)
    token = token_in(request.headers.get("cookie", "")) or ""
    try:
        await KNOWN.run(partial(_confirm, actor, token, password, code))
    except Throttled as error:
        return PlainTextResponse(WAIT.format(error.wait_seconds), 429)
    except Invalid as error:
        return PlainTextResponse(
            WRONG
            if error.field == "code"
            else "That is not right. Without a password, sign out and in again.",
            403,
        )
    return Response(status_code=204)


def _enrol(
    person: _Person, secret: str, code: str, password: str, where: Where
) -> tuple[Login, tuple[str, ...]]:
    now = utcnow()
    if person.proof is Proof.PASSWORD:
        confirmations.confirm_password(person.user_id, password, now=now)
    with db.write() as session:
        made = second_factor.set_up(session, person.user_id, secret, code, now=now)
        login = new_login(session, person.user_id, **where, by_provider=person.by_provider, now=now)
        return login, made


def _change_factor(actor: Actor, token: str, code: str, remove: bool) -> tuple[str, ...]:
    """The new recovery codes; none where the factor was removed."""
    now = utcnow()
    second_factor.check_code(actor.user_id, code, now=now)
    with db.write() as session:
        if not remove:
            return second_factor.new_recovery_codes(session, actor=actor, now=now)
        second_factor.give_up_factor(session, actor=actor, now=now)
        end_session(session, OTHERS, token_hash(token), actor=actor, now=now)
        return ()


def _confirm(actor: Actor, token: str, password: str, code: str) -> None:
    now = utcnow()
    if _has_factor(actor.user_id):
        second_factor.check_code(actor.user_id, code, now=now)
    else:
        confirmations.confirm_password(actor.user_id, password, now=now)
    with db.write() as session:
        confirmations.confirm(session, token, now=now)


def _enrolling(request: Request) -> _Person:
    """Who sets up a second factor.

    Raises:
        NotFound: nobody who has done the first step.
    """
    now, actor = utcnow(), who(request)
    token = token_in(request.headers.get("cookie", ""))
    with db.write() as session:
        if actor is None:
            found = pending.pending_login(session, _pending(request), now=now)
            if has_factor(session, found.user.id):
                raise NotFound(pending.OVER)
            return _Person(found.user.id, found.user.email, Proof.PENDING, found.by_provider)
        way = signed_in_by_provider(session, token)
        proof = Proof.PASSWORD
        if not has_password(session, actor.user_id):
            proof = Proof.PROVIDER if is_confirmed(actor, now=now) else Proof.PROVIDER_ASKED
        return _Person(actor.user_id, actor.email, proof, way)


def _has_factor(user_id: int) -> bool:
    with db.read() as session:
        return has_factor(session, user_id)


def _pending(request: Request) -> str | None:
    return token_in(request.headers.get("cookie", ""), PENDING_COOKIE)


def _enrol_page(
    person: _Person, secret: str, *, next: str, error: str = "", status: int = 200
) -> Response:
    import segno

    address = second_factor.app_address(secret, person.email)
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, light="white")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    intro = (
        "<p>Scan this with an app for codes, such as the one of your password manager, and type "
        f'the six digits that it shows.</p><div class="qr" role="img" aria-label="QR code">{drawn}'
        f"</div><p>Or type this into the app: <code>{grouped}</code></p>"
    )
    asked = field("Code", "code", more=f'inputmode="numeric" {ONE_TIME}')
    if person.proof is Proof.PASSWORD:
        more = 'autocomplete="current-password"'
        asked = field("Your password", "password", kind="password", more=more) + asked
    sealed = pending.seal_for("enrol", person.user_id, secret, now=utcnow())
    html = intro + form(ENROL, asked, "Turn it on", sealed=sealed, **wanted(next))
    if person.proof is Proof.PENDING and not error:
        html = "<p>Your role needs one to sign in.</p>" + html
    return sheet(TITLE, html, error=error, status=status)


def _codes_page(codes: tuple[str, ...], onwards: str) -> Response:
    items = "".join(f"<li><code>{code}</code></li>" for code in codes)
    html = (
        "<p>Each of these signs you in once if you have lost the app. They are shown only now: "
        f'print them, or keep them in your password manager.</p><ul class="codes">{items}</ul>'
        f'<p><a class="onwards" href="{escape(onwards)}">I have kept them</a></p>'
    )
    return sheet("Your recovery codes", html)
