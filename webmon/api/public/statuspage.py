"""`/api/v2/*.json`: what is public, in the form that readers of Statuspage know."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, HTTPException, Request, Response

from webmon import clock, db
from webmon.api.problems import Responses, problems
from webmon.api.public.kept import Kept
from webmon.api.public.kept_snapshots import send
from webmon.api.public.statuspage_documents import PARTS, document
from webmon.errors import NotFound
from webmon.queries.downtimes.public import public_downtimes
from webmon.queries.public.incidents import public_incidents
from webmon.queries.public.snapshot import narrowed, public_status
from webmon.queries.system.health import is_present

CACHE_CONTROL = "public, max-age=15"
MOST_KEPT = 100


def router() -> APIRouter:
    """The five routes, with what they keep."""
    routes = APIRouter(tags=["public"])
    kept: dict[tuple[str, str], Kept] = {}

    async def answer(request: Request, name: str, namespace: str) -> Response:
        key = name, namespace
        if key not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = Kept(partial(_read, name, namespace))
        try:
            packed = await kept[key].get()
        except NotFound as error:
            kept.pop(key, None)
            raise HTTPException(404, str(error)) from None
        except TimeoutError:
            raise HTTPException(503, "not ready", {"Retry-After": "15"}) from None
        return send(request, packed, cache_control=CACHE_CONTROL, media_type="application/json")

    for name in PARTS:
        _add(routes, name, answer)
    return routes


def _add(
    routes: APIRouter, name: str, answer: Callable[[Request, str, str], Awaitable[Response]]
) -> None:
    async def route(request: Request, namespace: str = "") -> Response:
        return await answer(request, name, namespace)

    route.__doc__ = f"Statuspage's {name}.json, of everything or of one namespace (its slug)."
    route.__name__ = name.replace("-", "_")
    path = f"/api/v2/{name}.json"
    ok = {"content": {"application/json": {"schema": {"type": "object"}}}}
    known: Responses = {200: ok, 304: {"description": "not changed"}, **problems(404, 503)}
    routes.add_api_route(path, route, methods=["GET"], response_class=Response, responses=known)
    routes.add_api_route(path, route, methods=["HEAD"], include_in_schema=False)


def _read(name: str, namespace: str) -> bytes:
    now = clock.utcnow()
    with db.read() as session:
        view = public_status(session, now=now, namespace=None)
        wants_planned = "scheduled_maintenances" in PARTS[name]
        downtimes = public_downtimes(session, now=now) if wants_planned else ()
        incidents = public_incidents(session, now=now) if "incidents" in PARTS[name] else ()
    if namespace:
        view = narrowed(view, namespace)
        incidents = tuple(each for each in incidents if each.namespace == namespace)
        downtimes = tuple(each for each in downtimes if each.namespace == namespace)
    stale = not is_present(view.generated_at, now)
    said = document(name, view, incidents, downtimes, namespace=namespace, stale=stale)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
