"""`GET /admin/api/proxy`: whether the proxy in front is set up so that it is believed."""

import asyncio

from fastapi import APIRouter

from webmon import db
from webmon.clock import utcnow
from webmon.config import settings
from webmon.queries.system.unbelieved_proxy import seen_recently

router = APIRouter(prefix="/admin/api", include_in_schema=False)


@router.get("/proxy")
async def proxy() -> dict[str, bool]:
    """``unbelieved``: its requests carry X-Forwarded-For, and WEBMON_TRUSTED_PROXIES is 0."""
    if settings().trusted_proxies:
        return {"unbelieved": False}
    return {"unbelieved": await asyncio.to_thread(_seen)}


def _seen() -> bool:
    with db.read() as session:
        return seen_recently(session, now=utcnow())
