"""What a request asks: its parameters, its body, and the revision that it is about."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import HTTPException, Request

from webmon.domain.merge_patch import read_cursor
from webmon.errors import Invalid

MOST, ORDINARY = 200, 50
JSON_TYPES = ("application/json", "application/merge-patch+json")
LARGEST = 2**31 - 1


def parameters(request: Request, known: Mapping[str, type]) -> dict[str, Any]:
    """The query's parameters, each as its type.

    Raises:
        Invalid: one is unknown, comes twice or has another form.
    """
    found: dict[str, Any] = {}
    for name, text in request.query_params.multi_items():
        if name not in known:
            raise Invalid(f"is not known here; known are {', '.join(sorted(known))}", f"?{name}")
        if name in found:
            raise Invalid("is there twice", f"?{name}")
        found[name] = _read(name, text, known[name])
    return found


def _read(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise Invalid("must be true or false", f"?{name}")
        return text == "true"
    if kind is int:
        if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > LARGEST:
            raise Invalid("must be a whole number", f"?{name}")
        return int(text)
    if "\0" in text:
        raise Invalid("has a character that cannot be stored", f"?{name}")
    return text


def limit_of(value: int | None) -> int:
    """How many to give.

    Raises:
        Invalid: too many, or none.
    """
    if value is None:
        return ORDINARY
    if not 1 <= value <= MOST:
        raise Invalid(f"must be between 1 and {MOST}", "?limit")
    return value


def cursor_of(text: str | None) -> int:
    """The id behind which to go on; 0 from the beginning.

    Raises:
        Invalid: it is none of ours.
    """
    try:
        return read_cursor(text) if text else 0
    except ValueError as error:
        raise Invalid(str(error), "?cursor") from None


def chosen(text: str | None, known: Iterable[str]) -> list[str]:
    """The names of the fields to give; empty for all of them.

    Raises:
        Invalid: there is no such field.
    """
    names = [each.strip() for each in (text or "").split(",") if each.strip()]
    for name in names:
        if name not in known:
            raise Invalid(f"there is no field {name}", "?fields")
    return names


async def body_of(request: Request, *, required: bool = True) -> dict[str, Any]:
    """The JSON object in the body.

    Raises:
        HTTPException: 415 for another type, 400 where it is no JSON.
        Invalid: it is no object.
    """
    raw = await request.body()
    if not raw and not required:
        return {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES:
        raise HTTPException(415, f"send {JSON_TYPES[0]}")
    try:
        found = json.loads(raw.decode(), parse_constant=_refuse)
        json.dumps(found).encode()
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise Invalid("must be an object: names with values")
    _require_storable(found)
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)


def _require_storable(value: Any) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise Invalid("has a character that cannot be stored")
        if "\0" in value:
            raise Invalid("has a character that cannot be stored")
    elif isinstance(value, int) and abs(value) > 2**53:
        raise Invalid("has a number that is too large")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _require_storable(name)
            _require_storable(inner)
    elif isinstance(value, list):
        for inner in value:
            _require_storable(inner)


def digest_of(request: Request, body: Mapping[str, Any]) -> str:
    """What tells this request from another one with the same `Idempotency-Key`."""
    said = json.dumps([request.method, request.url.path, body], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def tag_of(content: Mapping[str, Any]) -> str:
    """The ETag of a resource: its revision, and a hash of all that is shown of it."""
    said = json.dumps(content, sort_keys=True).encode()
    digest = hashlib.sha256(said).hexdigest()[:16]
    return f'"{content.get("revision", 0)}-{digest}"'


TAG = r'(?:W/)?"[^"]*"'
TAGS = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")
OURS = re.compile(r'(?<![^ \t,])"([0-9]{1,9})-[0-9a-f]{16}(?:-gzip)?"')


def revisions_of(request: Request) -> frozenset[int] | None:
    """The revisions in `If-Match` (RFC 9110, 13.1.1), as `tag_of` wrote them; None for ``*``.

    Raises:
        HTTPException: 428 without the header, 412 where it names none of ours. Weak tags never
            match.
    """
    header = ", ".join(request.headers.getlist("if-match"))
    if not header:
        raise HTTPException(428, "send the ETag of what you have read as If-Match")
    if header.strip() == "*":
        return None
    found = OURS.findall(header) if TAGS.fullmatch(header) else []
    if not found:
        raise HTTPException(412, "If-Match is not the ETag of the present state")
    return frozenset(map(int, found))
