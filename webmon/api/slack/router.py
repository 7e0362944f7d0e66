"""`POST /api/v1/slack/commands` and `…/interactions`: only what Slack has signed."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from webmon import clock, db
from webmon.api.problems import problems
from webmon.api.slack import clicks, replies
from webmon.domain.slack.signatures import is_signed
from webmon.queries.outside_apps import slack_secrets

log = logging.getLogger(__name__)
Result = TypeVar("Result")

ANSWER_SECONDS = 2.5
"""Slack waits for three."""

routes = APIRouter(prefix="/api/v1/slack", tags=["slack"])


@routes.post("/commands", responses=problems(400, 401))
async def commands(request: Request) -> JSONResponse:
    """A `/webmon` command. Answered within three seconds, and seen only by who asked."""
    form, signature = await _signed_form(request)
    if "ssl_check" in form:
        return JSONResponse({})
    said = await _in_time(lambda: replies.answer_to(form, signature), replies.TOO_SLOW)
    return JSONResponse(said, headers={"Cache-Control": "no-store"})


@routes.post("/interactions", responses=problems(400, 401), response_class=Response)
async def interactions(request: Request) -> Response:
    """A click on a button of ours; what came of it is posted by the worker."""
    form, signature = await _signed_form(request)
    try:
        payload: Any = json.loads(form.get("payload", ""))
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise HTTPException(400, "there is no payload")
    await _in_time(lambda: clicks.do(payload, signature), None)
    return Response(headers={"Cache-Control": "no-store"})


async def _signed_form(request: Request) -> tuple[dict[str, str], str]:
    """The fields of the form, and the signature.

    Raises:
        HTTPException: 401, Slack has not sent this, or not within five minutes.
    """
    body = await request.body()
    signature = request.headers.get("x-slack-signature", "")
    timestamp = request.headers.get("x-slack-request-timestamp", "")
    secrets = await asyncio.to_thread(_secrets)
    if not is_signed(body, timestamp, signature, secrets, now=clock.utcnow().timestamp()):
        raise HTTPException(401, "this is not signed by a Slack app that is set up here")
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)), signature


def _secrets() -> list[str]:
    with db.read() as session:
        return slack_secrets(session)


async def _in_time(work: Callable[[], Result], otherwise: Result) -> Result:
    """What ``work`` gives; ``otherwise`` where it takes too long, and then it still goes on."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.wait_for(asyncio.shield(working), ANSWER_SECONDS)
    except TimeoutError:
        log.warning("Slack was not answered in time")
        working.add_done_callback(_note)
        return otherwise


def _note(done: "asyncio.Future[Any]") -> None:
    if not done.cancelled() and (error := done.exception()):
        log.error("a request of Slack's failed", exc_info=error)
