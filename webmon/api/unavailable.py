"""What every route answers while the database cannot be used."""

import logging

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from webmon import db
from webmon.api.problems import problem
from webmon.domain.negotiation import wants_page
from webmon.domain.plain_page import DATABASE_AWAY, RETRY_SECONDS, plain_page

log = logging.getLogger(__name__)


def answer_without_database(app: FastAPI) -> None:
    """Let ``app`` answer 503, with a sentence, where a route finds the database unusable."""
    app.add_exception_handler(db.DatabaseUnavailable, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    log.warning("%s waits for the database: %s", request.url.path, db.reason(error))
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    is_machine = request.url.path.startswith("/api/")
    if is_machine or not wants_page(request.headers.get("accept", "")):
        return problem(503, DATABASE_AWAY, headers=headers)
    page = plain_page("Service Unavailable", DATABASE_AWAY)
    return HTMLResponse(page, status_code=503, headers=headers)
