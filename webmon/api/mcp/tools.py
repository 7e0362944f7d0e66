"""The tools of the MCP server: for each its arguments, and the request that it makes.

Arguments have the names of the REST API, and become the path, the query or the body.
"""

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

ID: Schema = {"type": "integer", "minimum": 1}
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NAMESPACE = {"namespace": {**TEXT, "description": "The slug of a namespace."}}
PAGING = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 200},
    "cursor": {**TEXT, "description": "`next_cursor` of the page before."},
}
STATUS: Schema = {"enum": ["up", "degraded", "down", "unknown", "paused"]}


@dataclass(frozen=True, slots=True)
class Tool:
    """One of them. ``arguments`` are JSON Schemas by name."""

    name: str
    description: str
    method: str
    path: str
    arguments: dict[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"

    @property
    def schema(self) -> Schema:
        """That of all its arguments."""
        return {
            "type": "object",
            "properties": self.arguments,
            "required": list(self.required),
            "additionalProperties": False,
        }


def _list(name: str, description: str, /, **filters: Schema) -> Tool:
    return Tool(name, description, "GET", f"/{name}", {**NAMESPACE, **filters, **PAGING})


def _act(name: str, description: str, path: str) -> Tool:
    return Tool(name, description, "POST", path, {"id": ID}, ("id",))


STATUS_TOOL = "status"
TOOLS = (
    Tool(
        STATUS_TOOL,
        "How many services have which status, those that are not up, and the open incidents.",
        "GET",
        "/services",
        NAMESPACE,
    ),
    _list("hosts", "List hosts: tools and machines that are watched.", name=TEXT),
    _list(
        "services",
        "List services with their status, last message and configuration.",
        host_id=ID,
        kind=TEXT,
        status=STATUS,
        name=TEXT,
    ),
    _list(
        "incidents",
        "List incidents: outages of services.",
        host_id=ID,
        service_id=ID,
        open={"type": "boolean"},
    ),
    _list("downtimes", "List planned downtimes.", cancelled={"type": "boolean"}),
    Tool(
        "metrics",
        "Figures of hosts and services: uptime, response times, disks, load. All, or one host's.",
        "GET",
        "/metrics",
        {**NAMESPACE, "host": {**TEXT, "description": "The name of a host."}},
    ),
    _act("acknowledge", "Take an incident: no more reminders.", "/incidents/{id}/ack"),
    Tool(
        "mute",
        "Tell no bad news of a service or a whole host, for a while or until it is well.",
        "POST",
        "/{of}/{id}/mute",
        {
            "of": {"enum": ["services", "hosts"]},
            "id": ID,
            "reason": TEXT,
            "for": {**TEXT, "description": "Such as 2h; without it until all is well."},
        },
        ("of", "id", "reason"),
    ),
    _act("pause", "Stop checking a service.", "/services/{id}/pause"),
    _act("resume", "Check a service again.", "/services/{id}/resume"),
    _act(
        "check_now", "Check a service now. Read its status a little later.", "/services/{id}/check"
    ),
    Tool(
        "plan_downtime",
        "Plan a downtime of hosts, services or a whole namespace.",
        "POST",
        "/downtimes",
        {
            **NAMESPACE,
            "title": TEXT,
            "starts_at": {**TEXT, "description": "2026-12-01T22:00 in its timezone, or now."},
            "duration": {**TEXT, "description": "Such as 45m."},
            "timezone": {**TEXT, "description": "Such as Europe/London; else the namespace's."},
            "hosts": TEXTS,
            "services": {**TEXTS, "description": "Each as Host/Service."},
            "whole_namespace": {"type": "boolean"},
            "message": {**TEXT, "description": "What the public page says of it."},
        },
        ("namespace", "title", "starts_at", "duration"),
    ),
    _act("finish_downtime", "End the downtime that goes on, now.", "/downtimes/{id}/finish"),
)
