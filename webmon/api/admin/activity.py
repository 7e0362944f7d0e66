"""`GET /admin/api/activity.jsonl`: who did what, a line of JSON for each entry."""

from collections.abc import Iterator

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse

from webmon import db
from webmon.clock import utcnow
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import token_in
from webmon.queries.accounts import actor_for_token
from webmon.queries.activity import export_lines

router = APIRouter(prefix="/admin/api", include_in_schema=False)


@router.get("/activity.jsonl")
def activity(request: Request) -> StreamingResponse:
    """All that the person may see, the oldest first; for editors and admins."""
    token = token_in(request.headers.get("cookie", ""))
    with db.read() as session:
        actor = actor_for_token(session, token, now=utcnow())
    if actor is None or not actor.has(Role.EDITOR):
        raise HTTPException(403, "only an editor or an admin sees what was done")

    def lines() -> Iterator[str]:
        with db.read() as session:
            for line in export_lines(session, actor=actor):
                yield f"{line}\n"

    headers = {"Content-Disposition": 'attachment; filename="activity.jsonl"'}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)
