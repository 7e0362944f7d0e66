"""Errors as RFC 9457 says them: ``application/problem+json`` with title, status and detail.

Where fields are wrong, ``errors`` has a JSON pointer and a sentence for each.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from webmon.domain.problems import MEDIA_TYPE, problem_body
from webmon.errors import in_plain_words


class FieldProblem(BaseModel):
    """What is wrong with one field of the body (``#/config/port``) or one parameter."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """Why a request was not done."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


Responses = dict[int | str, dict[str, Any]]
"""What a route may answer, for its description."""


def problems(*statuses: int) -> Responses:
    """The description of these errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem(
    status: int,
    detail: str,
    *,
    errors: Iterable[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer."""
    body = problem_body(status, detail, [each.model_dump() for each in errors])
    every = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, headers=every, media_type=MEDIA_TYPE)


def pointer(path: Iterable[object]) -> str:
    """A JSON pointer within the body, as a fragment: ``#/config/port`` (RFC 6901)."""
    return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of ``app`` be said in this form."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)


async def _of_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return Response(status_code=error.status_code, headers=error.headers)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _of_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field(each) for each in error.errors()]
    said = f"{errors[0].pointer}: {errors[0].detail}" if errors else "the request is not valid"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, said, errors=errors)


def _field(error: Any) -> FieldProblem:
    where, *path = error["loc"] or ("body",)
    shown = pointer(path) if where == "body" else ".".join(map(str, path))
    return FieldProblem(pointer=shown, detail=in_plain_words(error))
