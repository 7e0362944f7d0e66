"""`GET /admin/api/series`: numbers for the charts of the admin app.

A plain GET, because a list in the state of a Reflex page is sent whole again at every change.
"""

import asyncio
import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from webmon import db
from webmon.api.public.kept_snapshots import Packed, send
from webmon.clock import utcnow
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import token_in
from webmon.domain.history.chart_ranges import Range
from webmon.errors import NotFound
from webmon.queries.accounts import actor_for_token
from webmon.queries.history.series import HostSeries, ResponseSeries, host_series, response_series

router = APIRouter(prefix="/admin/api", include_in_schema=False)

Series = ResponseSeries | HostSeries


@router.get("/series")
async def series(
    request: Request,
    service: int | None = None,
    host: int | None = None,
    chosen: Annotated[Range, Query(alias="range")] = Range.DAY,
    form: Annotated[str, Query(alias="format", pattern="^(json|csv)$")] = "json",
) -> Response:
    """The response times of a service, or what the machine ``host`` said about itself."""
    if (service is None) == (host is None):
        raise HTTPException(422, "give either service or host")
    token = token_in(request.headers.get("cookie", ""))
    try:
        found = await asyncio.to_thread(_read, token, service, host, chosen)
    except NotFound as error:
        raise HTTPException(404, str(error)) from None
    except db.DatabaseError as error:
        text = f"the database cannot be read: {db.reason(error)}"
        raise HTTPException(503, text, headers={"Retry-After": "15"}) from None
    if form == "csv":
        headers = {"Content-Disposition": 'attachment; filename="series.csv"'}
        return Response(_as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    packed = Packed.of(json.dumps(asdict(found), separators=(",", ":")).encode())
    return send(request, packed, cache_control="private, no-cache", media_type="application/json")


def _read(token: str | None, service: int | None, host: int | None, chosen: Range) -> Series:
    now = utcnow()
    with db.read() as session:
        actor = _actor(actor_for_token(session, token, now=now))
        if service is not None:
            return response_series(session, service, chosen, actor=actor, now=now)
        return host_series(session, host, chosen, actor=actor, now=now)


def _actor(actor: Actor | None) -> Actor:
    if actor is None:  # the edge has let nobody through; the session has ended since
        raise HTTPException(401, "sign in first")
    return actor


def _as_csv(found: Series) -> str:
    """One line for each point; the columns are named in the first line."""
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\r\n")
    if isinstance(found, ResponseSeries):
        lines.writerow(["at", "p50_ms", "p95_ms"])
        lines.writerows([_instant(at), p50, p95] for at, p50, p95 in found.points)
        return file.getvalue()
    lines.writerow(["at", "series", "average", "highest"])
    for name, each in found.series.items():
        lines.writerows(
            [_instant(at), _plain(name), average, highest] for at, average, highest in each.points
        )
    return file.getvalue()


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (a mount's name comes from the host)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
