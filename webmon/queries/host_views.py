"""How hosts and services are put into words for the admin app's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webmon.domain.durations import in_words
from webmon.domain.status import WORDS, Status, host_status
from webmon.models import Host, Service, ServiceState
from webmon.probes import PROBES


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service in the list. Instants are ISO texts, empty where there is none."""

    id: int
    host_id: int
    name: str
    kind: str
    status: str
    word: str
    since: str
    checked_at: str
    response: str
    message: str
    every: str
    asked: bool
    """Somebody has asked for a check whose result is not there yet."""
    paused: bool
    public: bool


@dataclass(frozen=True, slots=True)
class HostView:
    """A host in the list, with its services."""

    id: int
    name: str
    namespace_id: int
    namespace: str
    address: str
    public: bool
    status: str
    word: str
    count: str
    services: tuple[ServiceView, ...]


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace, and how many hosts it has."""

    id: int
    slug: str
    name: str
    timezone: str
    hosts: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands above the list."""

    headline: str = ""
    status: str = Status.UNKNOWN.value
    found: int = 0
    page: int = 1
    pages: int = 1
    empty: bool = False
    """There is no host at all, or none that this person sees."""
    worker_silent: bool = False


@dataclass(frozen=True, slots=True)
class HostsView:
    """One page of the list, for one person."""

    who: str
    can_edit: bool
    can_edit_namespaces: bool
    summary: Summary
    namespaces: tuple[NamespaceView, ...]
    hosts: tuple[HostView, ...]


def service_view(service: Service, state: ServiceState, asked_at: datetime | None) -> ServiceView:
    checked_at = state.last_checked_at
    kind = PROBES.get(service.kind)
    return ServiceView(
        id=service.id,
        host_id=service.host_id,
        name=service.name,
        kind=kind.title if kind else service.kind,
        status=state.status.value,
        word=WORDS[state.status],
        since=state.since.isoformat(),
        checked_at=checked_at.isoformat() if checked_at else "",
        response=milliseconds(state.response_us),
        message=_message(state),
        every=in_words(service.interval_seconds),
        asked=asked_at is not None and (checked_at is None or checked_at < asked_at),
        paused=service.paused,
        public=service.public,
    )


def _message(state: ServiceState) -> str:
    """What the last check said, where it is not the ordinary."""
    if state.last_status is Status.UP and state.status is Status.UP:
        return ""
    return "" if state.status is Status.PAUSED else state.message


def milliseconds(microseconds: int | None) -> str:
    """``microseconds`` as people read them: ``0.4 ms``, ``128 ms``; empty for None."""
    if microseconds is None:
        return ""
    taken = microseconds / 1000
    return f"{taken:.1f} ms" if taken < 10 else f"{taken:.0f} ms"


def host_view(host: Host, namespace: str, services: Sequence[tuple[ServiceView, bool]]) -> HostView:
    status = host_status((Status(view.status), critical) for view, critical in services)
    return HostView(
        id=host.id,
        name=host.name,
        namespace_id=host.namespace_id,
        namespace=namespace,
        address=host.address,
        public=host.public,
        status=status.value,
        word=WORDS[status],
        count=_count(len(services), "service"),
        services=tuple(view for view, _ in services),
    )


def headline(counts: Mapping[Status, int]) -> tuple[str, str]:
    """One sentence on all services, and the status that it speaks of."""
    down, degraded = counts.get(Status.DOWN, 0), counts.get(Status.DEGRADED, 0)
    up, total = counts.get(Status.UP, 0), sum(counts.values())
    if down and degraded:
        return f"{down} down, {degraded} in difficulties, {up} up", Status.DOWN.value
    if down:
        return f"{down} of {_count(total, 'service')} down", Status.DOWN.value
    if degraded:
        return f"{degraded} of {_count(total, 'service')} in difficulties", Status.DEGRADED.value
    if not up:
        return ("Nothing has been checked yet" if total else "Nothing is watched yet"), "unknown"
    others = counts.get(Status.UNKNOWN, 0) + counts.get(Status.PAUSED, 0)
    if others:
        return f"{up} of {_count(total, 'service')} up, none down", Status.UP.value
    return ("The only service is up" if total == 1 else f"All {total} services up"), Status.UP.value


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
