"""Signing in and out, and the first admin: plain forms, answered by redirects."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Annotated, TypedDict, TypeVar
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from webmon import db
from webmon.clock import utcnow
from webmon.commands.accounts import passwords
from webmon.commands.accounts.devices import is_ours
from webmon.commands.accounts.logins import Login, enter, log_in, log_out
from webmon.commands.accounts.password_links import NOT_VALID, choose_password, link_user
from webmon.commands.accounts.passwords import hash_password
from webmon.commands.accounts.users import canonical_email, create_first_admin, setup_token_fits
from webmon.domain.accounts.sessions import (
    COOKIE,
    DEVICE_COOKIE,
    DEVICE_LIFETIME,
    PENDING_COOKIE,
    PENDING_LIFETIME,
    token_in,
)
from webmon.errors import Invalid, MustBePatient, NotFound, Throttled
from webmon.queries.accounts import any_user
from webmon.queries.second_factors import has_factor

router = APIRouter(prefix="/auth", tags=["sign in"], default_response_class=Response)
Text = Annotated[str, Form()]
Ticked = Annotated[list[str] | None, Form()]
Result = TypeVar("Result")

HOME, LOGIN, SETUP, INVITE = "/admin/", "/login/", "/setup/", "/invite/"
CODE, ENROL = "/auth/code", "/auth/second-factor"
LONGEST_ADDRESS = 1000
WAITING_LOGINS = 50
BUSY_SECONDS = 10
PATIENT_LOGINS = 20
PATIENCE_SECONDS = 3.0


class Where(TypedDict):
    """Where a session is opened from."""

    address: str
    browser: str


class Lane:
    """Threads for logins alone: a flood of them takes neither others' threads nor all memory."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run ``work`` in its turn.

        Raises:
            Throttled: too many are waiting already.
        """
        if self._waiting >= WAITING_LOGINS:
            raise Throttled("too many people sign in at the moment", BUSY_SECONDS)
        self._waiting += 1
        try:
            here = copy_context()  # it says where the request comes from
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, here.run, work)
        finally:
            self._waiting -= 1


ANYBODY = Lane("login", 2)
KNOWN = Lane("known-login", 1)
"""For browsers that have signed in before, which do not wait for strangers."""
_patient = 0


@router.post("/login", status_code=303)
async def login(
    request: Request, email: Text = "", password: Text = "", next: Text = ""
) -> Response:
    """Sign in. Sets the session cookie and goes to ``next`` (a path in the admin app) or there."""
    device = token_in(request.headers.get("cookie", ""), DEVICE_COOKIE)
    try:
        attempt = partial(log_in, email, password, device=device, **where_from(request))
        login = await _log_in(attempt, KNOWN if is_ours(device) else ANYBODY)
    except Throttled as error:
        return back(
            LOGIN, error="throttled", wait=str(error.wait_seconds), email=email, **wanted(next)
        )
    except Invalid:
        return back(LOGIN, error="wrong", email=email, **wanted(next))
    await end_session(request)
    return signed_in(request, login, wanted(next).get("next", HOME))


@router.post("/logout", status_code=303)
async def logout(request: Request) -> Response:
    """End the session: the cookie, and every socket that it opened."""
    await end_session(request)
    response = back(LOGIN)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/setup", status_code=303)
async def setup(
    request: Request,
    token: Text = "",
    email: Text = "",
    password: Text = "",
    password_again: Annotated[str | None, Form()] = None,
) -> Response:
    """Create the first admin, by the link shown at the start, and sign in.

    The password is repeated by people, so that they notice a slip; a program need not.
    """
    repeated = password if password_again is None else password_again
    if error := _fault(email, password, repeated):
        return back(SETUP, token=token, error=error, email=email)
    try:
        login = await ANYBODY.run(partial(_set_up, token, email, password, where_from(request)))
    except Throttled:
        return back(SETUP, token=token, error="busy", email=email)
    except NotFound:
        # Once there is a user, there is no setup page any more.
        return back(LOGIN) if await ANYBODY.run(_is_set_up) else back(SETUP, error="token")
    return signed_in(request, login, HOME)


@router.post("/invite", status_code=303)
async def invite(
    request: Request,
    token: Text = "",
    password: Text = "",
    password_again: Annotated[str | None, Form()] = None,
) -> Response:
    """Choose a password by a link that was made for a person, and sign in."""
    repeated = password if password_again is None else password_again
    try:
        email, eased = await ANYBODY.run(partial(_link_owner, token))
        if error := password_fault(password, repeated, email=email, has_factor=eased):
            return back(INVITE, token=token, error=error)
        login = await ANYBODY.run(partial(_accept, token, password, where_from(request)))
    except Throttled:
        return back(INVITE, token=token, error="busy")
    except NotFound:
        return back(INVITE, error="token")
    await end_session(request)
    return signed_in(request, login, HOME)


def _fault(email: str, password: str, password_again: str) -> str:
    """The code of what is wrong with the form; empty when nothing is."""
    try:
        canonical_email(email)
    except Invalid:
        return "email"
    return password_fault(password, password_again, email=email.strip().lower())


def password_fault(
    password: str, password_again: str, *, email: str = "", has_factor: bool = False
) -> str:
    """The code of what is wrong with a new password; empty when nothing is."""
    if password != password_again:
        return "password_mismatch"
    wrong = passwords.fault(password, email=email, has_factor=has_factor)
    if wrong == "short" and has_factor:
        return "password_short_with_factor"
    return f"password_{wrong}" if wrong else ""


async def _log_in(attempt: Callable[..., Login], lane: Lane) -> Login:
    """Sign in, after a while where the account is being guessed at from everywhere.

    Raises:
        Throttled: too many attempts, or too many that wait.
        Invalid: the address or the password is wrong.
    """
    global _patient
    try:
        return await lane.run(partial(attempt, now=utcnow()))
    except MustBePatient:
        if _patient >= PATIENT_LOGINS:
            message = "too many people sign in at the moment"
            raise Throttled(message, BUSY_SECONDS) from None
    _patient += 1
    try:
        await asyncio.sleep(PATIENCE_SECONDS)
    finally:
        _patient -= 1
    return await lane.run(partial(attempt, is_patient=True, now=utcnow()))


def _set_up(token: str, email: str, password: str, where: Where) -> Login:
    with db.read() as session:
        if not setup_token_fits(session, token):
            raise NotFound("this setup link is not valid or has expired")
    hashed = hash_password(password)
    now = utcnow()
    with db.write() as session:
        user_id = create_first_admin(session, token, email, hashed, now=now)
        return enter(session, user_id, **where, now=now)


def _link_owner(token: str) -> tuple[str, bool]:
    """The address of the person whose link this is, and whether they have a second factor."""
    with db.read() as session:
        owner = link_user(session, token, now=utcnow())
        if owner is None:
            raise NotFound(NOT_VALID)
        return owner.email, has_factor(session, owner.id)


def _accept(token: str, password: str, where: Where) -> Login:
    email, eased = _link_owner(token)
    hashed = hash_password(password, email=email, has_factor=eased)
    now = utcnow()
    with db.write() as session:
        user_id = choose_password(session, token, hashed, now=now)
        return enter(session, user_id, **where, now=now)


def where_from(request: Request) -> Where:
    """Where a request comes from."""
    address = request.client.host if request.client else ""
    return Where(address=address, browser=request.headers.get("user-agent", ""))


def _is_set_up() -> bool:
    with db.read() as session:
        return any_user(session)


async def end_session(request: Request) -> None:
    """End the session of a request's cookie, if there is one."""
    token = token_in(request.headers.get("cookie", ""))
    if token:
        await asyncio.to_thread(_log_out, token)


def _log_out(token: str) -> None:
    with db.write() as session:
        log_out(session, token, now=utcnow())


def signed_in(request: Request, login: Login, location: str) -> Response:
    """To ``location``, with the cookies of a session that was opened; or to the second step."""
    if login.pending:
        step = ENROL if login.must_enrol else CODE
        response = back(step, **wanted(location))
        set_cookie(request, response, PENDING_COOKIE, login.pending, PENDING_LIFETIME, "/auth/")
        return response
    response = RedirectResponse(location, status_code=303)
    give_session(request, response, login)
    return response


def give_session(request: Request, response: Response, login: Login) -> None:
    """Set the cookies of a session that was opened, and take back that of the second step."""
    set_cookie(request, response, COOKIE, login.token, login.lasts, "/")
    set_cookie(request, response, DEVICE_COOKIE, login.device, DEVICE_LIFETIME, "/auth/")
    if PENDING_COOKIE in request.cookies:
        response.delete_cookie(PENDING_COOKIE, path="/auth/")


def set_cookie(
    request: Request, response: Response, name: str, value: str, lifetime: timedelta, path: str
) -> None:
    """Set a cookie that no script sees."""
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()),
        path=path,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def wanted(address: str) -> dict[str, str]:
    """Where to go after the login, as a query; empty unless that is a page of the admin app, or
    the one on which a second factor is set up."""
    if address == ENROL:
        return {"next": address}
    is_in_admin = address.startswith(HOME) and address.isprintable()
    is_safe = "\\" not in address and "//" not in address and len(address) <= LONGEST_ADDRESS
    # A browser leaves the admin app by these, also where they are encoded.
    path = unquote(re.split("[?#]", address, maxsplit=1)[0])
    is_safe = is_safe and not {".", ".."}.intersection(re.split(r"[/\\]", path))
    return {"next": address} if is_in_admin and is_safe else {}


def back(page: str, **query: str) -> Response:
    """To ``page``, which shows the e-mail address again; never a password typed in its place."""
    with suppress(Invalid, KeyError):
        query["email"] = canonical_email(query.pop("email"))
    return RedirectResponse(f"{page}?{urlencode(query)}" if query else page, status_code=303)
