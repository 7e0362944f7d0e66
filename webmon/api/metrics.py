"""`GET /api/v1/metrics` and `GET /metrics`: every figure, for other programs."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from webmon import clock, db
from webmon.api.problems import problems
from webmon.api.public.kept import Kept
from webmon.api.public.kept_snapshots import Packed, send
from webmon.api.rest.keys import bearer
from webmon.config import settings
from webmon.domain.exposition import CONTENT_TYPE
from webmon.queries.api_keys import Bearer
from webmon.queries.dashboard.scope import Scope
from webmon.queries.metrics import figures, prometheus

MOST_KEPT = 50

Make = Callable[[db.Session, Scope], bytes]


def router() -> APIRouter:
    """The two routes, with what they keep."""
    routes = APIRouter(tags=["metrics"])
    kept: dict[tuple[Make, Scope], Kept] = {}

    async def answer(make: Make, scope: Scope) -> Packed:
        if (make, scope) not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[make, scope] = Kept(partial(_made, make, scope))
        try:
            return await kept[make, scope].get()
        except TimeoutError:
            raise HTTPException(503, "the figures are not ready", {"Retry-After": "15"}) from None

    @routes.get(
        "/api/v1/metrics",
        responses={
            200: {"model": figures.MetricsView},
            304: {"description": "not changed"},
            **problems(401, 503),
        },
    )
    async def metrics(request: Request, who: Annotated[Bearer, Depends(bearer)]) -> Response:
        """Figures of every host and service that the key sees, the same as on their pages."""
        packed = await answer(_as_json, who.actor.namespace_ids)
        cache = "private, no-cache"
        return send(request, packed, cache_control=cache, media_type="application/json")

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **problems(401, 503)},
    )
    async def exposition(request: Request) -> Response:
        """The same for Prometheus (text format 0.0.4): with a key, or from `WEBMON_METRICS_ALLOW`.

        Without a key everything is told, with one what it sees.
        """
        has_key = "authorization" in request.headers
        scope = None
        if has_key or not _is_allowed(request):
            scope = (await bearer(request)).actor.namespace_ids
        packed = await answer(_as_text, scope)
        return send(request, packed, cache_control="private, no-cache", media_type=CONTENT_TYPE)

    return routes


def _made(make: Make, scope: Scope) -> bytes:
    with db.read() as session:
        return make(session, scope)


def _is_allowed(request: Request) -> bool:
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in settings().metrics_allow)


def _as_json(session: db.Session, scope: Scope) -> bytes:
    return figures.as_json(figures.metrics(session, scope, now=clock.utcnow()))


def _as_text(session: db.Session, scope: Scope) -> bytes:
    return prometheus.exposition(session, scope, now=clock.utcnow()).encode()
