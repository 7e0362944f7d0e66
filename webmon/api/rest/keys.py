"""Who comes in with an API key: ``Authorization: Bearer wm_…``, and nothing else."""

import asyncio
from contextlib import suppress
from datetime import datetime

from fastapi import HTTPException, Request

from webmon import clock, db
from webmon.commands.accounts.api_keys import note_use
from webmon.domain.accounts.api_keys import key_in
from webmon.origin import Way, comes_by, present_origin
from webmon.queries.api_keys import Bearer, bearer_of

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Beaconry"'}


async def bearer(request: Request) -> Bearer:
    """Who asks.

    Raises:
        HTTPException: 401 without a key that holds.
    """
    key = key_in(request.headers.get("authorization", ""))
    found = await asyncio.to_thread(_find, key, clock.utcnow()) if key else None
    if found is None:
        detail = "this needs an API key: Authorization: Bearer wm_…"
        if key:
            detail = "this API key is not known, has expired or was revoked"
        raise HTTPException(401, detail, headers=CHALLENGE)
    if present_origin().way is not Way.MCP:  # its tools ask in the same process
        comes_by(Way.API_KEY)
    return found


def _find(key: str, now: datetime) -> Bearer | None:
    with db.read() as session:
        found = bearer_of(session, key, now=now)
    if found is not None and found.note_use:
        with suppress(db.DatabaseError), db.write() as session:
            note_use(session, found.key_id, now=now)
    return found
