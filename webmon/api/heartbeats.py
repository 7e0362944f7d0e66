"""Where jobs report in: the address of a heartbeat, and its `/start`, `/fail` and `/{status}`."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from webmon import db
from webmon.api.problems import problems
from webmon.api.self_request import takes_heartbeats
from webmon.clock import utcnow
from webmon.commands.checks import heartbeat_listening, heartbeats
from webmon.config import settings
from webmon.domain.checks.heartbeats import LISTEN_EVERY, Signal, parse_signal
from webmon.errors import NotFound
from webmon.queries.inventory.heartbeat_urls import is_known

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1/heartbeats", tags=["heartbeats"], responses=problems(404))
Result = TypeVar("Result")

LONGEST_TOKEN = 100
MOST_WAITING = 1000
BODY_SECONDS = 20.0
ANSWER_SECONDS = 8.0
"""Less than the ten that a job waits, as the address is shown with curl."""
MOST_BYTES_READ = 50_000_000

# Of their own, so that a flood of heartbeats takes nobody else's threads. More would only queue
# in the database.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="heartbeat")
_waiting = 0


@router.head("/{token}/{signal}/", include_in_schema=False)
@router.get("/{token}/{signal}/", include_in_schema=False)
@router.post("/{token}/{signal}/", include_in_schema=False)
@router.put("/{token}/{signal}/", include_in_schema=False)
@router.head("/{token}/", include_in_schema=False)
@router.get("/{token}/", include_in_schema=False)
@router.post("/{token}/", include_in_schema=False)
@router.put("/{token}/", include_in_schema=False)
@router.head("/{token}/{signal}", include_in_schema=False)
@router.get("/{token}/{signal}", response_class=PlainTextResponse)
@router.post("/{token}/{signal}", response_class=PlainTextResponse)
@router.put("/{token}/{signal}", include_in_schema=False)
@router.head("/{token}", include_in_schema=False)
@router.get("/{token}", response_class=PlainTextResponse)
@router.post("/{token}", response_class=PlainTextResponse)
@router.put("/{token}", include_in_schema=False)
async def report(request: Request, token: str, signal: str = "") -> Response:
    """A job reports: it succeeded, or with the signal `start`, `fail` or its exit status.

    A body, such as the job's output, is kept up to 10 kB.
    """
    now = utcnow()
    try:
        meant = parse_signal(signal)
    except ValueError as error:
        raise HTTPException(404, str(error)) from None
    if meant is None or len(token) > LONGEST_TOKEN or not await _in_turn(partial(_is_known, token)):
        raise HTTPException(404)
    body = await _beginning(request)
    try:
        await _in_turn(partial(_receive, token, meant, body, now=now))
    except NotFound:
        raise HTTPException(404) from None
    return PlainTextResponse("OK", headers={"cache-control": "no-store"})


def _is_known(token: str) -> bool:
    with db.read() as session:
        return is_known(session, token)


def _receive(token: str, signal: Signal, body: bytes, *, now: datetime) -> None:
    with db.write() as session:
        heartbeats.receive(session, token, signal, body, now=now)


async def keep_listening() -> None:
    """Note again and again that heartbeats can be received, each time that this is proved."""
    failing = False
    while True:
        try:
            reason = await _note_listening()
        except Exception:
            # The next note may be possible; without notes nothing is ever overdue.
            log.exception("it cannot be noted that heartbeats are received")
            reason = ""
        if reason and not failing:
            log.warning("no heartbeat can be received: %s", reason)
        failing = bool(reason)
        await asyncio.sleep(LISTEN_EVERY.total_seconds())


async def _note_listening() -> str:
    """Why no heartbeat can be received; empty where one can, which is then noted.

    It is noted in a thread that receives them, after this process has answered itself.
    """
    if not await takes_heartbeats(settings()):
        return "this server does not answer itself"
    try:
        missed = await asyncio.get_running_loop().run_in_executor(_threads, _listen)
    except db.DatabaseError as error:
        return db.reason(error)
    if missed:
        log.info("nobody listened; heartbeats that have their time again: %s", missed)
    return ""


def _listen() -> int:
    with db.write() as session:
        return heartbeat_listening.listen(session, now=utcnow())


async def _beginning(request: Request) -> bytes:
    """What is kept of the body, and a byte more where more came. The rest is read and dropped.

    A body that is too long, too slow or breaks off does not matter: the signal came.
    """
    most, kept, read = heartbeats.MOST_BODY_BYTES + 1, bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                kept += chunk[: most - len(kept)]
                read += len(chunk)
                if read > MOST_BYTES_READ:
                    break
    except (TimeoutError, ClientDisconnect):
        pass
    return bytes(kept)


async def _in_turn(work: Callable[[], Result]) -> Result:
    """Run ``work`` in one of the heartbeat threads.

    Raises:
        HTTPException: 503 where too many wait already, or the database cannot be reached.
    """
    global _waiting
    if _waiting >= MOST_WAITING:
        raise HTTPException(503, "too many heartbeats at once", headers={"retry-after": "10"})
    _waiting += 1
    working = asyncio.get_running_loop().run_in_executor(_threads, work)
    try:
        # What goes on in its thread may still succeed; that a job reports twice does no harm.
        return await asyncio.wait_for(asyncio.shield(working), ANSWER_SECONDS)
    except (db.DatabaseUnavailable, TimeoutError) as error:
        why = "the database does not answer in time; it may still be stored"
        log.warning("a heartbeat was not confirmed: %s", db.reason(error) or why)
        reason = "the database cannot be reached"
        raise HTTPException(503, reason, headers={"retry-after": "10"}) from None
    finally:
        _waiting -= 1
