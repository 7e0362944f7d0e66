"""`GET /api/v1/status`: the public status as JSON."""

from fastapi import APIRouter, HTTPException, Request, Response

from webmon.api.public.kept_snapshots import Snapshots, Unavailable, send
from webmon.errors import NotFound
from webmon.queries.public.snapshot import PublicStatusView, as_json, narrowed

CACHE_CONTROL = "public, max-age=15"


def router(snapshots: Snapshots) -> APIRouter:
    """The route, answering from ``snapshots``."""
    routes = APIRouter()

    @routes.head("/api/v1/status", include_in_schema=False)
    @routes.get(
        "/api/v1/status",
        responses={200: {"model": PublicStatusView}, 304: {}, 404: {}, 503: {}},
    )
    async def status(request: Request, namespace: str | None = None) -> Response:
        """What the public page shows, of everything or of one namespace (its slug).

        While nothing can be read, the last known: `generated_at` and the header Age tell of when.
        """
        try:
            packed = await snapshots.packed(to_json, namespace or None)
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        except Unavailable as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "15"}) from None
        answer = send(request, packed, cache_control=CACHE_CONTROL, media_type="application/json")
        if age := snapshots.age_seconds():
            answer.headers["Age"] = str(age)
        return answer

    return routes


def to_json(view: PublicStatusView, namespace: str | None = None) -> bytes:
    """The public JSON of a view of everything, or of one namespace of it.

    Raises:
        NotFound: no such namespace.
    """
    wanted = view if namespace is None else narrowed(view, namespace)
    return as_json(wanted)
