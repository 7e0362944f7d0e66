"""The routes of the REST API: for each kind of resource a list, one, and changes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import create_model

from webmon import clock, db
from webmon.api.problems import Responses
from webmon.api.rest import actions, documents
from webmon.api.rest.admission import Admission
from webmon.api.rest.answers import page, resource, with_problems
from webmon.api.rest.repeatable import repeatable
from webmon.api.rest.requests import body_of, chosen, cursor_of, limit_of, parameters, revisions_of
from webmon.api.rest.shapes import (
    ActivityShape,
    ChannelShape,
    DowntimeShape,
    HostShape,
    IncidentShape,
    NamespaceShape,
    ServiceShape,
    Shape,
    UserShape,
)
from webmon.commands.resources import changes
from webmon.commands.resources.changes import CHANGEABLE
from webmon.commands.resources.repeats import Answer
from webmon.queries.resources import kinds, more_kinds
from webmon.queries.resources.pages import Listed, one
from webmon.queries.resources.pages import page as read_page

PREFIX = "/api/v1"
PAGING: dict[str, type] = {"limit": int, "cursor": str, "fields": str}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: where it is, how it is shown, and what a list is filtered by."""

    name: str
    listed: Listed
    shape: type[Shape]
    filters: dict[str, type]

    @property
    def fields(self) -> frozenset[str]:
        """The names of all that is shown."""
        return frozenset(self.shape.model_fields)


KINDS = (
    Kind("namespaces", kinds.NAMESPACES, NamespaceShape, {"slug": str}),
    Kind("hosts", kinds.HOSTS, HostShape, {"namespace": str, "name": str, "public": bool}),
    Kind(
        "services",
        kinds.SERVICES,
        ServiceShape,
        {"namespace": str, "host_id": int, "kind": str, "status": str, "name": str},
    ),
    Kind("channels", kinds.CHANNELS, ChannelShape, {"namespace": str, "kind": str}),
    Kind(
        "incidents",
        kinds.INCIDENTS,
        IncidentShape,
        {"namespace": str, "host_id": int, "service_id": int, "open": bool},
    ),
    Kind(
        "downtimes",
        more_kinds.DOWNTIMES,
        DowntimeShape,
        {"namespace": str, "cancelled": bool},
    ),
    Kind("users", more_kinds.USERS, UserShape, {"email": str}),
    Kind("activity", more_kinds.ACTIVITY, ActivityShape, {"thing": str, "actor": str}),
)

Admit = Callable[[Request], Awaitable[Any]]


def router() -> APIRouter:
    """All of them, with the rates of this process."""
    routes = APIRouter(prefix=PREFIX, tags=["resources"])
    admit = Admission().admit
    for kind in KINDS:
        _add_list(routes, kind, admit)
        _add_one(routes, kind, admit)
        if kind.name in CHANGEABLE:
            _add_new(routes, kind, admit)
            _add_change(routes, kind, admit)
            _add_delete(routes, kind, admit)
    actions.add(routes, admit)
    return routes


def _add(
    routes: APIRouter,
    method: str,
    path: str,
    route: Callable[..., Awaitable[Response]],
    *,
    title: str,
    known: Responses,
    extra: dict[str, Any] | None = None,
    status: int = 200,
) -> None:
    routes.add_api_route(
        path,
        with_problems(route),
        methods=[method],
        status_code=status,
        response_class=Response,
        responses=known,
        openapi_extra=extra,
        summary=title,
        description=title,
        operation_id=f"{method.lower()}{path.replace('/', '_').replace('{', '').replace('}', '')}",
    )


def _add_list(routes: APIRouter, kind: Kind, admit: Admit) -> None:
    async def route(request: Request) -> Response:
        who = await admit(request)
        asked = parameters(request, PAGING | kind.filters)
        only = chosen(asked.pop("fields", None), kind.fields)
        limit, after = limit_of(asked.pop("limit", None)), cursor_of(asked.pop("cursor", None))

        def read() -> Any:
            with db.read() as session:
                return read_page(
                    session, kind.listed, filters=asked, limit=limit, after=after, actor=who.actor
                )

        found = await asyncio.to_thread(read)
        return page(found.items, only, found.next_cursor)

    shape = create_model(
        f"{kind.shape.__name__}Page",
        items=(list[kind.shape], ...),  # type: ignore[name-defined]
        next_cursor=(str | None, None),
    )
    known: Responses = {200: {"model": shape}, **documents.errors()}
    extra = documents.list_extra(kind.filters)
    _add(
        routes, "GET", f"/{kind.name}", route, title=f"List {kind.name}.", known=known, extra=extra
    )


def _add_one(routes: APIRouter, kind: Kind, admit: Admit) -> None:
    async def route(request: Request, id: int) -> Response:
        who = await admit(request)
        only = chosen(parameters(request, {"fields": str}).get("fields"), kind.fields)

        def read() -> dict[str, Any]:
            with db.read() as session:
                return one(session, kind.listed, id, actor=who.actor)

        return resource(request, await asyncio.to_thread(read), only=only)

    known: Responses = {
        **documents.shown(200, kind.shape, 404),
        304: {"description": "not changed"},
    }
    _add(
        routes,
        "GET",
        f"/{kind.name}/{{id}}",
        route,
        title=f"One {kind.listed.thing}.",
        known=known,
        extra=documents.fields_extra(),
    )


def _add_new(routes: APIRouter, kind: Kind, admit: Admit) -> None:
    async def route(request: Request) -> Response:
        who = await admit(request)
        body = await body_of(request)

        def work(session: db.Session, now: Any) -> Answer:
            made = changes.create(session, kind.name, body, actor=who.actor, now=now)
            return Answer(201, made)

        answer = await repeatable(request, who, body, work)
        location = {"Location": f"{PREFIX}/{kind.name}/{answer.content['id']}"}
        return resource(request, answer.content, status=201, headers=location)

    extra = documents.body_extra(CHANGEABLE[kind.name].body, documents.EXAMPLES[kind.name])
    _add(
        routes,
        "POST",
        f"/{kind.name}",
        route,
        title=f"Make a {kind.listed.thing}.",
        known=documents.shown(201, kind.shape, 400, 409, 413, 415),
        extra=extra,
        status=201,
    )


def _add_change(routes: APIRouter, kind: Kind, admit: Admit) -> None:
    async def route(request: Request, id: int) -> Response:
        who = await admit(request)
        revisions = revisions_of(request)
        patch = await body_of(request)

        def write() -> dict[str, Any]:
            with db.write() as session:
                change = partial(changes.change, session, kind.name, id, patch)
                return change(revisions=revisions, actor=who.actor, now=clock.utcnow())

        return resource(request, await asyncio.to_thread(write))

    body = CHANGEABLE[kind.name].body
    extra = documents.body_extra(body, documents.PATCHES[kind.name], is_patch=True)
    _add(
        routes,
        "PATCH",
        f"/{kind.name}/{{id}}",
        route,
        title=f"Change a {kind.listed.thing} (JSON Merge Patch). Secrets left out stay.",
        known=documents.shown(200, kind.shape, 400, 404, 409, 412, 413, 415, 428),
        extra=extra,
    )


def _add_delete(routes: APIRouter, kind: Kind, admit: Admit) -> None:
    async def route(request: Request, id: int) -> Response:
        who = await admit(request)
        revisions = revisions_of(request)

        def write() -> None:
            with db.write() as session:
                delete = partial(changes.delete, session, kind.name, id)
                delete(revisions=revisions, actor=who.actor, now=clock.utcnow())

        await asyncio.to_thread(write)
        return Response(status_code=204)

    known: Responses = {204: {"description": "it is gone"}, **documents.errors(404, 412, 428)}
    _add(
        routes,
        "DELETE",
        f"/{kind.name}/{{id}}",
        route,
        title=f"Delete a {kind.listed.thing} with all that belongs to it.",
        known=known,
        extra={"parameters": [documents.IF_MATCH]},
        status=204,
    )
