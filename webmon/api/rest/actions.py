"""What is done with a resource: look now, pause, resume, mute, acknowledge, finish."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from webmon import db
from webmon.api.rest import documents
from webmon.api.rest.answers import resource, with_problems
from webmon.api.rest.repeatable import repeatable
from webmon.api.rest.requests import body_of
from webmon.api.rest.shapes import DowntimeShape, HostShape, IncidentShape, ServiceShape, Shape
from webmon.commands.downtimes import names, running
from webmon.commands.inventory import services
from webmon.commands.notifications import acknowledgements, mutes
from webmon.commands.resources.bodies import MuteBody
from webmon.commands.resources.repeats import Answer
from webmon.commands.validation import validated
from webmon.domain.accounts.access import Actor
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid
from webmon.models import Downtime
from webmon.queries.resources import kinds, more_kinds
from webmon.queries.resources.pages import Listed, one

Act = Callable[[db.Session, int, dict[str, Any], Actor, datetime], None]


def _check(session: db.Session, key: int, _body: Any, actor: Actor, now: datetime) -> None:
    services.check_now(session, key, actor=actor, now=now)


def _pause(session: db.Session, key: int, _body: Any, actor: Actor, now: datetime) -> None:
    services.pause(session, key, actor=actor, now=now)


def _resume(session: db.Session, key: int, _body: Any, actor: Actor, now: datetime) -> None:
    services.resume(session, key, actor=actor, now=now)


def _acknowledge(session: db.Session, key: int, _body: Any, actor: Actor, now: datetime) -> None:
    acknowledgements.acknowledge(session, [key], actor=actor, now=now)


def _finish(session: db.Session, key: int, _body: Any, actor: Actor, now: datetime) -> None:
    occurrence_id = names.current_occurrence(session, session.get_one(Downtime, key), now)
    running.finish(session, occurrence_id, actor=actor, now=now)


def _mute_host(session: db.Session, key: int, body: Any, actor: Actor, now: datetime) -> None:
    mutes.mute_host(session, key, **_mute_of(body, now), actor=actor, now=now)


def _mute_service(session: db.Session, key: int, body: Any, actor: Actor, now: datetime) -> None:
    mutes.mute_service(session, key, **_mute_of(body, now), actor=actor, now=now)


def _mute_of(body: dict[str, Any], now: datetime) -> dict[str, Any]:
    wanted = validated(MuteBody, body)
    if wanted.lasts is None:
        return {"reason": wanted.reason}
    try:
        until_at = now + timedelta(seconds=parse_duration(wanted.lasts))
    except (ValueError, OverflowError) as error:
        raise Invalid(str(error), "for") from None
    return {"reason": wanted.reason, "until_at": until_at}


@dataclass(frozen=True, slots=True)
class Action:
    """One of them: ``/services/{id}/check``."""

    path: str
    listed: Listed
    shape: type[Shape]
    act: Act
    title: str
    status: int = 200
    takes_body: bool = False


ACTIONS = (
    Action(
        "/services/{id}/check",
        kinds.SERVICES,
        ServiceShape,
        _check,
        "Look at once. The answer comes before the result.",
        status=202,
    ),
    Action("/services/{id}/pause", kinds.SERVICES, ServiceShape, _pause, "Stop looking."),
    Action("/services/{id}/resume", kinds.SERVICES, ServiceShape, _resume, "Look again."),
    Action(
        "/services/{id}/mute",
        kinds.SERVICES,
        ServiceShape,
        _mute_service,
        "Tell no bad news of it for a while, or until it is well.",
        takes_body=True,
    ),
    Action(
        "/hosts/{id}/mute",
        kinds.HOSTS,
        HostShape,
        _mute_host,
        "Tell no bad news of the whole host.",
        takes_body=True,
    ),
    Action(
        "/incidents/{id}/ack",
        kinds.INCIDENTS,
        IncidentShape,
        _acknowledge,
        "Take an incident: no more reminders.",
    ),
    Action(
        "/downtimes/{id}/finish",
        more_kinds.DOWNTIMES,
        DowntimeShape,
        _finish,
        "End the one that goes on, now.",
    ),
)


def add(routes: APIRouter, admit: Callable[[Request], Awaitable[Any]]) -> None:
    """Add the routes; ``admit`` says who asks."""
    for action in ACTIONS:
        _add(routes, action, admit)


def _add(routes: APIRouter, action: Action, admit: Callable[[Request], Awaitable[Any]]) -> None:
    async def route(request: Request, id: int) -> Response:
        who = await admit(request)
        body = await body_of(request, required=action.takes_body)

        def work(session: db.Session, now: datetime) -> Answer:
            one(session, action.listed, id, actor=who.actor)
            action.act(session, id, body, who.actor, now)
            session.flush()
            session.expire_all()
            return Answer(action.status, one(session, action.listed, id, actor=who.actor))

        answer = await repeatable(request, who, body, work)
        return resource(request, answer.content, status=action.status)

    example = {"reason": "new disks", "for": "2h"}
    extra = (
        documents.body_extra(MuteBody, example)
        if action.takes_body
        else {"parameters": [documents.IDEMPOTENCY]}
    )
    routes.add_api_route(
        action.path,
        with_problems(route),
        methods=["POST"],
        status_code=action.status,
        response_class=Response,
        responses=documents.shown(action.status, action.shape, 400, 404, 409, 413, 415),
        openapi_extra=extra,
        summary=action.title,
        description=action.title,
        operation_id=f"post{action.path.replace('/', '_').replace('{', '').replace('}', '')}",
    )
