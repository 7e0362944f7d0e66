"""Signing in by an identity provider: to it, and back."""

import asyncio
import logging
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from webmon import db
from webmon.api.accounts.auth import (
    HOME,
    LOGIN,
    Lane,
    back,
    set_cookie,
    signed_in,
    wanted,
    where_from,
)
from webmon.api.accounts.profile import who
from webmon.api.accounts.sheets import sheet
from webmon.api.look import has_provider
from webmon.clock import utcnow
from webmon.commands.accounts import provider
from webmon.domain.accounts.sessions import PENDING_LIFETIME, token_hash, token_in
from webmon.errors import Invalid, NotFound, Throttled
from webmon.queries import outside_apps

log = logging.getLogger(__name__)
router = APIRouter(prefix="/auth", tags=["sign in"], default_response_class=Response)

LANE = Lane("provider", 4)
COOKIE = "webmon_provider"
TITLE = "Is it you?"
NOT_SAID = "Your organisation has not confirmed who you are. Nothing was changed."
ONWARDS = f'<p><a class="onwards" href="{HOME}">Back</a></p>'


@router.get("/oidc", include_in_schema=False)
async def depart(request: Request, next: str = "", again: str = "") -> Response:
    """To the provider; ``again`` where somebody signed in has to say once more who they are. 404
    where none is set."""
    if not await asyncio.to_thread(_is_set):
        return Response(status_code=404)
    onwards, session = wanted(next).get("next", HOME), ""
    if again:
        if await asyncio.to_thread(who, request) is None:
            return back(LOGIN, **wanted(next))
        session = token_hash(token_in(request.headers.get("cookie", "")) or "")
    begin = partial(provider.depart, onwards, again=session, now=utcnow())
    try:
        departure = await LANE.run(begin)
    except (provider.ProviderError, Throttled) as error:
        log.warning("nobody can be sent to the identity provider: %s", error)
        return back(LOGIN, error="provider")
    response = RedirectResponse(departure.address, status_code=303)
    set_cookie(request, response, COOKIE, departure.cookie, PENDING_LIFETIME, "/auth/oidc")
    return response


@router.get("/oidc/callback", include_in_schema=False)
async def arrive(request: Request, code: str = "", state: str = "", iss: str = "") -> Response:
    """Back from the provider, with a code for a token."""
    if not await asyncio.to_thread(_is_set):
        return Response(status_code=404)
    cookie = token_in(request.headers.get("cookie", ""), COOKIE)
    finish = partial(provider.arrive, cookie, code, state, iss, **where_from(request), now=utcnow())
    try:
        login, onwards = await LANE.run(finish)
    except (provider.ProviderError, Throttled) as error:
        log.warning("the identity provider signed nobody in: %s", error)
        is_in = await asyncio.to_thread(who, request) is not None
        response = sheet(TITLE, ONWARDS, error=NOT_SAID) if is_in else back(LOGIN, error="provider")
    except (Invalid, NotFound) as error:
        log.warning("somebody whom the identity provider knows may not sign in: %s", error)
        response = back(LOGIN, error="stranger")
    else:
        response = (
            signed_in(request, login, onwards)
            if login is not None
            else RedirectResponse(onwards, status_code=303)
        )
    response.delete_cookie(COOKIE, path="/auth/oidc")
    return response


def _is_set() -> bool:
    with db.read() as session:
        return bool(outside_apps.provider(session).issuer)


def link_html() -> str:
    """What the login says above its form where a provider is set."""
    if not has_provider():
        return ""
    return '<p class="hint"><a href="/auth/oidc">Sign in with your organisation</a></p>'
