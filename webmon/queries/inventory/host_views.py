"""How hosts and services are put into words for the admin app's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webmon.domain.checks.status import WORDS, Status, host_status
from webmon.domain.durations import in_words, parse_duration
from webmon.domain.figures import milliseconds
from webmon.models import Host
from webmon.probes import PROBES
from webmon.queries.history.last_checks import LastChecks
from webmon.queries.history.uptime import MonthUptime, percentage

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
    uptime: str
    """Of the calendar month; empty where nothing was observed."""
    checks: str
    """The last 30, a letter each (`history.last_checks`)."""
    checks_told: str
    message: str
    plan: str
    """``every 1 min``, or the schedule of a job that reports in."""
    receives: bool
    changed_port: int
    """The port at which its host shows another key than the pinned one; else 0."""
    asked: bool
    """Somebody has asked for a check whose result is not there yet."""
    paused: bool
    paused_until: str
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
    tags: tuple[str, ...]
    status: str
    word: str
    count: str
    """``3 / 4 up``, of those that are looked at."""
    response: str
    """What 95 % of the answers of its slowest service did not exceed in 24 hours."""
    uptime: str
    """Of the calendar month, by its own rule; empty where nothing was observed."""
    certificate: str
    """How long the first of its certificates is still valid: ``12 d``."""
    since: str
    """When one of its services last changed."""
    over_ssh: bool
    """Somebody logs in there, or a key of it is known."""
    is_open: bool
    matching: int
    """How many services are meant, whether or not they are shown."""
    services: tuple[ServiceView, ...]
    """Those that are meant; none while it is closed."""


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
    first: int = 0
    """The number of the first host on the page, from 1 on."""
    last: int = 0
    moves: int = 0
    """How many hosts would stand elsewhere in the order of now."""
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
    tags: tuple[str, ...]
    hosts: tuple[HostView, ...]


def service_view(
    row: Any,
    host: Host,
    *,
    checks: LastChecks,
    month_percent: float | None,
    asked_at: datetime | None = None,
) -> ServiceView:
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
        since=_instant(row.since),
        checked_at=_instant(seen_at) if seen_at else "",
        response=milliseconds(row.response_us),
        uptime="" if month_percent is None else percentage(month_percent),
        checks=checks.letters,
        checks_told=checks.words,
        message=_message(row),
        plan=_plan(row),
        receives=row.heartbeat is not None,
        changed_port=changed_port(row.pinned_key, host),
        asked=asked_at is not None and (checked_at is None or checked_at < asked_at),
        paused=row.paused,
        paused_until=_instant(row.paused_until) if row.paused_until else "",
        public=row.public,
    )


def _instant(at: datetime) -> str:
    """To the second: as short as it is exact enough for a list."""
    return at.isoformat(timespec="seconds")


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
    if row.status is row.last_status is Status.UNKNOWN and not waits:
        return "no data"  # it was tried
    return FIRST_HEARTBEAT if waits else WORDS[row.status]


def _message(state: Any) -> str:
    """What the last check said, where it is not the ordinary."""
    if state.last_status is Status.UP and state.status is Status.UP:
        return ""
    return "" if state.status is Status.PAUSED else state.message


def host_view(
    host: Host,
    namespace: str,
    members: Sequence[Any],
    services: Sequence[ServiceView],
    *,
    uptime: MonthUptime,
    p95_us: int | None,
    is_open: bool,
    matching: int,
    now: datetime,
) -> HostView:
    """The host as the list shows it; ``members`` are rows of `hosts.MEMBERS`, of all services."""
    status = host_status((each.status, each.critical) for each in members)
    expires = [each.expires for each in members if each.expires]
    since = max((each.since for each in members), default=None)
    return HostView(
        id=host.id,
        name=host.name,
        namespace_id=host.namespace_id,
        namespace=namespace,
        address=host.address,
        public=host.public,
        tags=tuple(host.tags),
        status=status.value,
        word=WORDS[status],
        count=_up_of(members),
        response=milliseconds(p95_us),
        uptime="" if uptime.percent is None else percentage(uptime.percent),
        certificate=f"{(datetime.fromisoformat(min(expires)) - now).days} d" if expires else "",
        since=_instant(since) if since else "",
        over_ssh=bool(host.ssh or host.host_keys),
        is_open=is_open,
        matching=matching,
        services=tuple(services),
    )


def _up_of(members: Sequence[Any]) -> str:
    watched = [each for each in members if each.status is not Status.PAUSED]
    if not watched:
        return "paused" if members else "no services"
    return f"{sum(each.status is Status.UP for each in watched)} / {len(watched)} up"


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
