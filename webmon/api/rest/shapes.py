"""What the API answers, for its description. Every name may be missing: see ``fields``."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A resource as it is shown."""

    model_config = ConfigDict(extra="forbid")


class NamespaceShape(Shape):
    """A group of hosts."""

    id: int = 0
    slug: str = ""
    name: str = ""
    timezone: str = ""
    networks: list[str] = []
    accent: str = ""
    created_at: str = ""
    revision: int = 1


class HostShape(Shape):
    """A tool or machine. ``ssh`` is shown to those who may change it, without secrets."""

    id: int = 0
    name: str = ""
    namespace: str = ""
    address: str = ""
    public: bool = True
    ssh: dict[str, Any] | None = None
    created_at: str = ""
    revision: int = 1


class ServiceShape(Shape):
    """One thing that a host offers. ``config`` as ``ssh`` of a host."""

    id: int = 0
    host_id: int = 0
    host: str = ""
    namespace: str = ""
    name: str = ""
    kind: str = ""
    interval: str = ""
    timeout: str = ""
    retry: str = ""
    degraded_above: str | None = None
    failures_to_down: int = 2
    failures_to_degraded: int = 2
    successes_to_up: int = 1
    critical: bool = False
    public: bool = True
    paused: bool = False
    config: dict[str, Any] | None = None
    status: str = ""
    since: str = ""
    last_checked_at: str | None = None
    response_ms: float | None = None
    message: str = ""
    created_at: str = ""
    revision: int = 1


class ChannelShape(Shape):
    """Where to tell; without a namespace of every one. ``config`` is shown to admins."""

    id: int = 0
    name: str = ""
    kind: str = ""
    namespace: str | None = None
    events: list[str] = []
    reminder_every: str = ""
    enabled: bool = True
    built_in: bool = False
    config: dict[str, Any] | None = None
    created_at: str = ""
    revision: int = 1


class IncidentShape(Shape):
    """An outage of a service."""

    id: int = 0
    service_id: int = 0
    host_id: int = 0
    service: str = ""
    host: str = ""
    namespace: str = ""
    opened_at: str = ""
    resolved_at: str | None = None
    duration_seconds: float | None = None
    message: str = ""
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None


class DowntimeShape(Shape):
    """A planned downtime; ``starts_at`` is on the clocks of ``timezone``."""

    id: int = 0
    title: str = ""
    namespace: str = ""
    hosts: list[str] = []
    services: list[str] = []
    whole_namespace: bool = False
    starts_at: str = ""
    duration: str = ""
    timezone: str = ""
    rrule: str = ""
    announce_before: list[str] = []
    message: str = ""
    channels: list[str] | None = None
    audience: dict[str, str] = {}
    silence_all: bool = False
    finish_when_up: int | None = None
    cancelled_at: str | None = None
    created_at: str = ""
    revision: int = 0


class UserShape(Shape):
    """A person who may sign in; ``namespaces`` null: all."""

    id: int = 0
    email: str = ""
    name: str = ""
    role: str = ""
    namespaces: list[str] | None = None
    disabled: bool = False
    invited: bool = False
    last_seen_at: str | None = None
    created_at: str = ""
    revision: int = 1


class ActivityShape(Shape):
    """Somebody did something; ``changes`` has before and after of each field."""

    id: int = 0
    at: str = ""
    actor: str = ""
    verb: str = ""
    thing: str = ""
    thing_id: int | None = None
    name: str = ""
    way: str = ""
    changes: dict[str, Any] = {}
