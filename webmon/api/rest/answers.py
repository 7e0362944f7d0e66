"""How the API answers: the resource with its tag, or what is wrong as a problem."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from fastapi import Request, Response

from webmon import db
from webmon.api.problems import FieldProblem, pointer, problem
from webmon.api.rest.requests import tag_of
from webmon.domain.negotiation import has_tag
from webmon.errors import Conflict, Invalid, NotFound, PermissionDenied, Throttled

HEADER = "Idempotency-Key"


def resource(
    request: Request,
    content: Mapping[str, Any],
    *,
    status: int = 200,
    only: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One resource, or the fields ``only`` of it; 304 where the client has it."""
    tag = tag_of(content)
    every = {"ETag": tag, "Cache-Control": "private, no-cache", **(headers or {})}
    known = request.headers.get("if-none-match", "")
    if status == 200 and request.method == "GET" and has_tag(known, tag):
        return Response(status_code=304, headers=every)
    return _json(_narrowed(content, only), status, every)


def page(
    items: Sequence[Mapping[str, Any]], only: Sequence[str], next_cursor: str | None
) -> Response:
    """A page of a list."""
    content = {"items": [_narrowed(each, only) for each in items], "next_cursor": next_cursor}
    return _json(content, 200, {"Cache-Control": "private, no-cache"})


def _narrowed(content: Mapping[str, Any], only: Sequence[str]) -> dict[str, Any]:
    return {name: content[name] for name in only} if only else dict(content)


def _json(content: Any, status: int, headers: Mapping[str, str]) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Response(body, status, headers=dict(headers), media_type="application/json")


Route = Callable[..., Awaitable[Response]]


def with_problems(route: Route) -> Route:
    """``route``, whose foreseeable errors are problems."""

    @wraps(route)
    async def answer(*args: Any, **kwargs: Any) -> Response:
        try:
            return await route(*args, **kwargs)
        except Conflict as error:
            return problem(412, str(error))
        except Invalid as error:
            return problem(422, str(error), errors=[_field(error)])
        except db.Collision:
            return problem(409, "somebody else has made the same at the same moment; try again")
        except NotFound as error:
            return problem(404, str(error))
        except PermissionDenied as error:
            return problem(403, str(error))
        except Throttled as error:
            return problem(429, str(error), headers={"Retry-After": str(error.wait_seconds)})

    return answer


def _field(error: Invalid) -> FieldProblem:
    if error.field.startswith("?") or error.field == HEADER:
        return FieldProblem(pointer=error.field.removeprefix("?"), detail=error.message)
    path = [each for each in error.field.split(".") if each]
    return FieldProblem(pointer=pointer(path), detail=error.message)
