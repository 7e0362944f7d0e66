"""`/status/calendar.ics` and `/status/feed.atom`: planned downtime for calendars and readers."""

from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, HTTPException, Request, Response

from webmon import clock, db
from webmon.api.public.kept import Kept
from webmon.api.public.kept_snapshots import send
from webmon.domain.downtimes.calendar import to_ics
from webmon.domain.downtimes.feed import to_atom
from webmon.errors import NotFound
from webmon.queries.downtimes.calendar import public_calendar, public_feed
from webmon.queries.installation import status_page
from webmon.queries.public.snapshot import narrowed, public_status

CACHE_CONTROL = "public, max-age=60"
MOST_KEPT = 100
TITLE = "Planned downtime"


def router() -> APIRouter:
    """Both routes, with what they keep."""
    routes = APIRouter(include_in_schema=False)
    for path, read, kind in (
        ("/status/calendar.ics", _calendar, "text/calendar; charset=utf-8"),
        ("/status/feed.atom", _feed, "application/atom+xml; charset=utf-8"),
    ):
        _add(routes, path, read, kind)
    return routes


def _add(routes: APIRouter, path: str, read: Callable[[str], bytes], media_type: str) -> None:
    kept: dict[str, Kept] = {}

    async def answer(request: Request, namespace: str = "") -> Response:
        if namespace not in kept:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[namespace] = Kept(partial(read, namespace))
        try:
            packed = await kept[namespace].get()
        except NotFound as error:
            kept.pop(namespace, None)
            raise HTTPException(404, str(error)) from None
        except TimeoutError:
            raise HTTPException(503, "not ready", {"Retry-After": "15"}) from None
        return send(request, packed, cache_control=CACHE_CONTROL, media_type=media_type)

    routes.add_api_route(path, answer, methods=["GET", "HEAD"], response_class=Response)


def _calendar(namespace: str) -> bytes:
    now = clock.utcnow()
    with db.read() as session:
        name = _name(session, namespace)
        page = status_page(session, namespace)
        entries = public_calendar(session, namespace=namespace, now=now)
    return to_ics(entries, name=name, url=page, now=now)


def _feed(namespace: str) -> bytes:
    now = clock.utcnow()
    with db.read() as session:
        name = _name(session, namespace)
        page, own = (status_page(session, namespace, part) for part in ("", "feed.atom"))
        entries = public_feed(session, namespace=namespace, now=now)
    return to_atom(entries, name=name, url=own, page=page)


def _name(session: db.Session, namespace: str) -> str:
    """What the calendar is called.

    Raises:
        NotFound: there is no such public namespace.
    """
    if not namespace:
        return TITLE
    view = narrowed(public_status(session, now=clock.utcnow(), namespace=None), namespace)
    return f"{view.namespaces[0].name}: {TITLE.lower()}"
