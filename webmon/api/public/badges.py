"""`/badge/{namespace}/{host}[/{service}].svg` and `.json`, of what is public.

What is private answers like what does not exist.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Request, Response

from webmon import clock
from webmon.api.problems import Responses, problems
from webmon.api.public.kept_snapshots import Packed, Snapshots, Unavailable, send
from webmon.domain.badges import as_endpoint, as_svg, message_of
from webmon.domain.checks.status import Status
from webmon.queries.public.snapshot import PublicHostView, PublicServiceView, PublicStatusView
from webmon.queries.system.health import is_present

CACHE_CONTROL = "public, max-age=30"
FORMS: dict[str, tuple[Callable[[str, str], bytes], str]] = {
    "svg": (as_svg, "image/svg+xml"),
    "json": (as_endpoint, "application/json"),
}
Item = TypeVar("Item", PublicHostView, PublicServiceView)


def router(snapshots: Snapshots) -> APIRouter:
    """The routes, answering from ``snapshots``."""
    routes = APIRouter(tags=["public"])

    async def badge(request: Request, form: str, *names: str) -> Response:
        try:
            view = await snapshots.view()
        except Unavailable as error:
            raise HTTPException(503, str(error), {"Retry-After": "15"}) from None
        label, message = _said(view, *names)
        draw, media_type = FORMS[form]
        packed = Packed.of(draw(label, message))
        return send(request, packed, cache_control=CACHE_CONTROL, media_type=media_type)

    for form in FORMS:
        _add(routes, form, badge)
    return routes


def _add(routes: APIRouter, form: str, badge: Callable[..., Awaitable[Response]]) -> None:
    async def of_host(request: Request, namespace: str, host: str) -> Response:
        """How a public host is: a picture (svg), or what shields.io makes one of (json)."""
        return await badge(request, form, namespace, host, "")

    async def of_service(request: Request, namespace: str, host: str, service: str) -> Response:
        """The same for a public service."""
        return await badge(request, form, namespace, host, service)

    ok = {
        "content": {FORMS[form][1]: {"schema": {"type": "string" if form == "svg" else "object"}}}
    }
    known: Responses = {200: ok, 304: {"description": "not changed"}, **problems(404, 503)}
    for route, path in (
        (of_host, "{namespace}/{host}"),
        (of_service, "{namespace}/{host}/{service}"),
    ):
        address, name = f"/badge/{path}.{form}", f"badge_{route.__name__}_{form}"
        routes.add_api_route(
            address, route, methods=["GET"], name=name, response_class=Response, responses=known
        )
        routes.add_api_route(address, route, methods=["HEAD"], include_in_schema=False)


def _said(view: PublicStatusView, namespace: str, host: str, service: str) -> tuple[str, str]:
    """The two texts of a badge.

    Raises:
        HTTPException: 404, nothing public is called so.
    """
    found = _named((each for each in view.hosts if each.namespace == namespace), host)
    label, status, planned = found.name, found.status, found.planned_downtime
    if service:
        part = _named(found.services, service)
        label, status, planned = f"{label} / {part.name}", part.status, part.planned_downtime
    stale = not is_present(view.generated_at, clock.utcnow())
    return label, message_of(Status(status), planned=planned, stale=stale)


def _named(items: Iterable[Item], name: str) -> Item:
    for each in items:
        if each.name == name:
            return each
    raise HTTPException(404, "there is no badge at this address")
