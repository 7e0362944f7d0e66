"""How the operations describe themselves: parameters, bodies with examples, and errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from webmon.api.problems import Responses, problems
from webmon.api.rest.shapes import Shape

DURATIONS = ("interval", "timeout", "retry", "degraded_above", "reminder_every", "duration")
LENGTHS = ["60s", "5m", "4h"]
TYPES = {str: "string", int: "integer", bool: "boolean"}
NAMES: dict[str, dict[str, Any]] = {
    "limit": {
        "description": "How many to give.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    },
    "cursor": {
        "description": "The `next_cursor` of the page before.",
        "schema": {"type": "string"},
    },
    "fields": {
        "description": "Only these fields, separated by commas.",
        "schema": {"type": "string"},
    },
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of what was read, or `*`. Without it: 428; if it has changed: 412.",
    "schema": {"type": "string"},
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gets the same answer for 24 hours; with another body: 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "namespaces": {"slug": "iati", "name": "IATI", "timezone": "Europe/London"},
    "hosts": {"name": "Datastore", "namespace": "iati", "address": "datastore.example.org"},
    "services": {
        "host_id": 1,
        "name": "Website",
        "kind": "http",
        "interval": "60s",
        "config": {"url": "https://datastore.example.org/"},
    },
    "channels": {
        "name": "ops",
        "kind": "webhook",
        "namespace": "iati",
        "config": {"url": "https://hooks.example.org/beaconry"},
    },
}
EXAMPLES |= {
    "downtimes": {
        "title": "Database upgrade",
        "namespace": "iati",
        "hosts": ["Datastore"],
        "starts_at": "2030-12-01T22:00",
        "duration": "45m",
        "announce_before": ["24h", "1h"],
    },
    "users": {"email": "carl@example.org", "role": "viewer", "namespaces": ["iati"]},
}
PATCHES: dict[str, dict[str, Any]] = {
    "namespaces": {"name": "IATI tools"},
    "hosts": {"public": False},
    "services": {"interval": "5m", "degraded_above": "2s"},
    "channels": {"events": ["down", "up"]},
    "downtimes": {"duration": "2h"},
    "users": {"role": "editor"},
}


def list_extra(filters: Mapping[str, type]) -> dict[str, Any]:
    """The parameters of a list."""
    named: list[dict[str, Any]] = [{"name": name, "in": "query", **NAMES[name]} for name in NAMES]
    for name, kind in filters.items():
        named.append({"name": name, "in": "query", "schema": {"type": TYPES[kind]}})
    return {"parameters": named}


def fields_extra() -> dict[str, Any]:
    """The parameters of a single resource."""
    return {"parameters": [{"name": "fields", "in": "query", **NAMES["fields"]}]}


def body_extra(
    body: type[BaseModel], example: Mapping[str, Any], *, is_patch: bool = False
) -> dict[str, Any]:
    """The body of a request, and its header."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in DURATIONS:
        if name in schema["properties"]:
            schema["properties"][name] = {
                "type": ["string", "null"],
                "examples": ["60s", "5m", "4h"],
            }
    if "announce_before" in schema["properties"]:
        texts = {"type": "string", "examples": LENGTHS}
        schema["properties"]["announce_before"] = {"type": "array", "items": texts}
    if is_patch:
        schema.pop("required", None)
    content = {"schema": schema, "example": dict(example)}
    kinds = ["application/json", *(["application/merge-patch+json"] if is_patch else [])]
    return {
        "requestBody": {
            "required": bool(schema.get("required")) or is_patch,
            "content": dict.fromkeys(kinds, content),
        },
        "parameters": [IF_MATCH if is_patch else IDEMPOTENCY],
    }


def shown(status: int, shape: type[Shape], *more: int) -> Responses:
    """One resource, or these errors beside those that every operation may give."""
    headers = {"ETag": {"schema": {"type": "string"}, "description": "Send it as If-Match."}}
    return {status: {"model": shape, "headers": headers}, **errors(*more)}


def errors(*more: int) -> Responses:
    """The errors of an operation."""
    return {**problems(401, 403, 422, 503, *more), 429: throttled()}


def throttled() -> dict[str, Any]:
    """Too many requests."""
    header = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
    return {**problems(429)[429], "headers": {"Retry-After": header}}
