"""For the machine that watches this one: is the process alive, does the product work?"""

import logging
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from webmon import db, shared_states
from webmon.api.question import Question
from webmon.clock import utcnow
from webmon.config import settings
from webmon.domain.plain_page import RETRY_SECONDS
from webmon.domain.problems import MEDIA_TYPE, problem_body
from webmon.queries.system.health import worker_ticks
from webmon.queries.system.work import what_stands_still

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The web process answers."""
    return {"status": "ok"}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was looked at: ``ok`` or what is wrong. ``missing`` is what it cannot do without."""

    checks: dict[str, str]
    missing: str = ""


@router.get(
    "/readyz",
    responses={503: {"description": "`detail` names what is missing, `checks` all that is wrong"}},
)
async def readyz() -> Response:
    """The database can be reached, a worker has ticked within the last 30 seconds, and Redis
    answers where one is set. `checks` also says whether results are recorded and messages sent."""
    try:
        found = await _whether_ready.answer()
    except TimeoutError:
        found = _without_database("the database does not answer")
    if not found.missing:
        return JSONResponse({"status": "ok", "checks": found.checks})
    body = problem_body(503, found.missing, checks=found.checks)
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Response(body, 503, headers=headers, media_type=MEDIA_TYPE)


def _without_database(why: str) -> Readiness:
    return Readiness({"database": why}, why)


def _look() -> Readiness:
    now = utcnow()
    try:
        with db.read() as session:
            ticks = worker_ticks(session, now=now)
            still = what_stands_still(session, now=now)
    except Exception as error:
        log.warning("the database cannot be reached: %s", type(error).__name__)
        return _without_database("the database cannot be reached")
    redis = shared_states.AWAY if shared_states.fault() else ""
    worker = "" if ticks else "no worker has ticked in the last 30 seconds"
    checks = {"database": "ok", "worker": worker or "ok", "recording": "ok", "sending": "ok"}
    checks |= still
    if settings().redis_url:
        checks["redis"] = redis or "ok"
    return Readiness(checks, worker or redis)


_whether_ready = Question(_look)
