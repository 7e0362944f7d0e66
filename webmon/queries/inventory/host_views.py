"""How hosts and services are put into words for the admin app's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webmon.domain.durations import in_words, parse_duration
from webmon.domain.figures import milliseconds
from webmon.domain.status import WORDS, Status, host_status
from webmon.models import Host
from webmon.probes import PROBES
from webmon.queries.history.uptime import percentage

FIRST_HEARTBEAT = "waiting for the first heartbeat"


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service in the list. Instants are ISO texts, empty where there is none."""

    id: int
    host_id: int
    name: str
    kind: str
    status: str
    word: str
    last_status: str
    """What the last check saw, which alone may not be enough to change ``status``."""
    since: str
    checked_at: str
    """When it was looked at, or when its job reported."""
    response: str
    message: str
    plan: str
    """``every 1 min``, or the schedule of a job that reports in."""
    receives: bool
    changed_port: int
    """The port at which its host shows another key than the pinned one; else 0."""
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
    uptime: str
    """Of the calendar month; empty where nothing was observed."""
    over_ssh: bool
    """Somebody logs in there, or a key of it is known."""
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
    silent_since: str = ""
    """When the last worker fell silent; empty while one works, or if none ever did."""
    offline_since: str = ""
    """Since when the monitor itself has been offline; empty while it is not, or nobody works."""


@dataclass(frozen=True, slots=True)
class HostsView:
    """One page of the list, for one person."""

    who: str
    can_edit: bool
    is_admin: bool
    summary: Summary
    namespaces: tuple[NamespaceView, ...]
    hosts: tuple[HostView, ...]


def service_view(row: Any, host: Host, *, asked_at: datetime | None = None) -> ServiceView:
    """The service as the list shows it, from a row of the columns `hosts.SHOWN`."""
    checked_at = row.last_checked_at
    seen_at = checked_at if row.heartbeat is None else row.reported_at
    kind = PROBES.get(row.kind)
    return ServiceView(
        id=row.id,
        host_id=row.host_id,
        name=row.name,
        kind=kind.title if kind else row.kind,
        status=row.status.value,
        word=_word(row, seen_at),
        last_status=row.last_status.value if row.last_status else "",
        since=row.since.isoformat(),
        checked_at=seen_at.isoformat() if seen_at else "",
        response=milliseconds(row.response_us),
        message=_message(row),
        plan=_plan(row),
        receives=row.heartbeat is not None,
        changed_port=changed_port(row.pinned_key, host),
        asked=asked_at is not None and (checked_at is None or checked_at < asked_at),
        paused=row.paused,
        public=row.public,
    )


def _plan(service: Any) -> str:
    """When it is looked at, or when its job is expected to report."""
    kind = PROBES.get(service.kind)
    if kind is None or not kind.receives:
        return f"every {in_words(service.interval_seconds)}"
    told: dict[str, Any] = {**kind.config.model_construct().__dict__, **service.config}
    if told.get("every"):
        return f"every {_spoken(told['every'])}"
    words = [str(told.get("schedule") or ""), str(told.get("timezone") or "")]
    return f"{' '.join(words)}, grace {_spoken(told.get('grace'))}"


def _spoken(duration: Any) -> str:
    try:
        return in_words(parse_duration(duration))
    except ValueError:
        return str(duration)


def changed_port(pinned_key: Mapping[str, Any] | None, host: Host) -> int:
    """The port at which the last check met another key than the pinned one; else 0.

    ``pinned_key`` is what the check says of it (`host_key.PINNED_KEY`).
    """
    if not pinned_key:
        return 0
    port: int = pinned_key["port"]
    pinned = (host.host_keys or {}).get(str(port))
    # Another key may have been accepted since the check.
    return port if pinned and pinned["fingerprint"] == pinned_key["fingerprint"] else 0


def _word(row: Any, seen_at: datetime | None) -> str:
    waits = row.heartbeat is not None and row.status is Status.UNKNOWN and seen_at is None
    return FIRST_HEARTBEAT if waits else WORDS[row.status]


def _message(state: Any) -> str:
    """What the last check said, where it is not the ordinary."""
    if state.last_status is Status.UP and state.status is Status.UP:
        return ""
    return "" if state.status is Status.PAUSED else state.message


def host_view(
    host: Host,
    namespace: str,
    services: Sequence[tuple[ServiceView, bool]],
    *,
    month_percent: float | None,
) -> HostView:
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
        uptime="" if month_percent is None else percentage(month_percent),
        over_ssh=bool(host.ssh or host.host_keys),
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
