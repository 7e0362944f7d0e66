"""For the machine that watches this one: is the process alive, does the product work?"""

import logging

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from webmon import db, shared_states
from webmon.api.question import Question
from webmon.clock import utcnow
from webmon.domain.plain_page import RETRY_SECONDS
from webmon.queries.system.health import worker_ticks

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The web process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "`detail` names what is missing"}})
async def readyz() -> JSONResponse:
    """The database can be reached, a worker has ticked within the last 30 seconds, and Redis
    answers where one is set."""
    try:
        missing = await _whether_ready.answer()
    except TimeoutError:
        missing = "the database does not answer"
    if missing:
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return JSONResponse({"detail": missing}, status_code=503, headers=headers)
    return JSONResponse({"status": "ok"})


def _missing() -> str:
    """What is missing; empty when all is well."""
    try:
        with db.read() as session:
            ticks = worker_ticks(session, now=utcnow())
    except Exception as error:
        log.warning("the database cannot be reached: %s", type(error).__name__)
        return "the database cannot be reached"
    if not ticks:
        return "no worker has ticked in the last 30 seconds"
    return shared_states.AWAY if shared_states.fault() else ""


_whether_ready = Question(_missing)
