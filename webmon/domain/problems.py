"""Errors for machines, as RFC 9457 writes them."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from json import dumps
from typing import Any

MEDIA_TYPE = "application/problem+json"


def problem_body(
    status: int, detail: str, errors: Iterable[Mapping[str, str]] = (), **more: Any
) -> bytes:
    """The JSON: title, status and detail, the ``errors`` where there are any, and ``more``."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        **more,
    }
    if found := [dict(each) for each in errors]:
        content["errors"] = found
    return dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
