"""A change that a program may send again: see `commands.resources.repeats`."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import Request

from webmon import clock, db
from webmon.api.rest.requests import digest_of
from webmon.commands.resources.repeats import Answer, once
from webmon.queries.api_keys import Bearer

Work = Callable[[db.Session, datetime], Answer]


async def repeatable(request: Request, who: Bearer, body: Mapping[str, Any], work: Work) -> Answer:
    """Do ``work`` in one transaction; with an `Idempotency-Key` once in 24 hours.

    Raises:
        Invalid: the key was used for another request; or what ``work`` raises.
    """
    name = request.headers.get("idempotency-key")

    def write() -> Answer:
        now = clock.utcnow()
        with db.write() as session:
            if name is None:
                return work(session, now)
            digest = digest_of(request, body)
            return once(session, who.key_id, name, digest, lambda: work(session, now), now=now)

    return await asyncio.to_thread(write)
