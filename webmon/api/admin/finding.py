"""`GET /admin/api/find`: hosts, services, incidents and actions, while somebody types."""

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from webmon import db
from webmon.clock import utcnow
from webmon.domain.accounts.sessions import token_in
from webmon.queries.accounts import actor_for_token
from webmon.queries.inventory.finding import find

router = APIRouter(prefix="/admin/api", include_in_schema=False)


@router.get("/find")
async def finding(request: Request, response: Response, text: str = "") -> dict[str, Any]:
    """What the signed-in person finds by ``text``, of what they may see and do."""
    response.headers["Cache-Control"] = "private, no-store"
    token = token_in(request.headers.get("cookie", ""))
    try:
        return {"found": await asyncio.to_thread(_find, token, text)}
    except db.DatabaseError as error:
        reason = f"the database cannot be read: {db.reason(error)}"
        raise HTTPException(503, reason, headers={"Retry-After": "15"}) from None


def _find(token: str | None, text: str) -> list[dict[str, str]]:
    with db.read() as session:
        actor = actor_for_token(session, token, now=utcnow())
        if actor is None:  # the edge has let nobody through; the session has ended since
            raise HTTPException(401, "sign in first")
        return [asdict(each) for each in find(session, text, actor=actor)]
