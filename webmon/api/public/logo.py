"""`GET /status/logo`: the logo that stands on the public page."""

import asyncio

from fastapi import APIRouter, HTTPException, Request, Response

from webmon import db
from webmon.domain.negotiation import has_tag
from webmon.queries.logos import LogoView, public_logo

CACHE_CONTROL = "public, max-age=3600"
router = APIRouter(include_in_schema=False)


@router.api_route("/status/logo", methods=["GET", "HEAD"], response_class=Response)
async def logo(request: Request, namespace: str = "") -> Response:
    """The picture. Its address on the page changes with it."""
    found = await asyncio.to_thread(_logo, namespace)
    if found is None:
        raise HTTPException(404, "there is no logo")
    tag = f'"{found.digest[:32]}"'
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    if has_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(found.picture, media_type=found.media_type, headers=headers)


def _logo(namespace: str) -> LogoView | None:
    try:
        with db.read() as session:
            return public_logo(session, namespace)
    except db.DatabaseError:
        return None
