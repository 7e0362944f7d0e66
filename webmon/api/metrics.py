"""`GET /api/v1/metrics` and `GET /metrics`: every figure, for other programs."""

import gzip
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from webmon import clock, db
from webmon.api.kept_snapshots import Packed, send
from webmon.api.keys import bearer
from webmon.api.problems import Problem
from webmon.api.question import Question
from webmon.config import settings
from webmon.domain.exposition import CONTENT_TYPE
from webmon.queries.api_keys import Bearer
from webmon.queries.dashboard.scope import Scope
from webmon.queries.metrics import figures, prometheus

RESTED = 10
"""What took a second to make is kept for so many."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 60.0
MOST_KEPT = 50
QUICK = 1
"""The level of compression: the text repeats itself."""

Make = Callable[[db.Session, Scope], bytes]


class Kept:
    """What was made for one set of namespaces. However many ask, it is made once at a time."""

    def __init__(self, scope: Scope, make: Make) -> None:
        self._scope, self._make = scope, make
        self._question = Question(self._ask)
        self._until = 0.0
        self._packed: Packed | None = None

    async def get(self) -> Packed:
        """The present figures; in large installations those of some seconds ago.

        Raises:
            TimeoutError: the database does not answer.
        """
        if self._packed is None or time.monotonic() >= self._until:
            self._packed = await self._question.answer()
        return self._packed

    def _ask(self) -> Packed:
        begin = time.thread_time()
        with db.read() as session:
            body = self._make(session, self._scope)
        compressed = gzip.compress(body, compresslevel=QUICK, mtime=0)
        tag = Packed.tag_of(body)
        rest = min(max(RESTED * (time.thread_time() - begin), SHORTEST_SECONDS), LONGEST_SECONDS)
        self._until = time.monotonic() + rest
        return Packed(body, compressed, tag)


def router() -> APIRouter:
    """The two routes, with what they keep."""
    routes = APIRouter(tags=["metrics"])
    kept: dict[tuple[Make, Scope], Kept] = {}

    async def answer(make: Make, scope: Scope) -> Packed:
        if (make, scope) not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[make, scope] = Kept(scope, make)
        try:
            return await kept[make, scope].get()
        except TimeoutError:
            raise HTTPException(503, "the figures are not ready", {"Retry-After": "15"}) from None

    @routes.get(
        "/api/v1/metrics",
        responses={
            200: {"model": figures.MetricsView},
            304: {"description": "as the client has it"},
            401: {"model": Problem},
            503: {"model": Problem},
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
        responses={200: {"content": {"text/plain": {}}}, 401: {"model": Problem}},
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
