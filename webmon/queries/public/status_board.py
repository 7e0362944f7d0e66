"""How the public page words and orders a `PublicStatusView`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from webmon.domain.checks.status import WORDS, Status
from webmon.queries.public.snapshot import (
    PublicDowntimeView,
    PublicHostView,
    PublicServiceView,
    PublicStatusView,
)

PLANNED = "planned"
SHOWN_WORDS = {status.value: word for status, word in WORDS.items()} | {PLANNED: "planned downtime"}

ORDER = ["down", "degraded", PLANNED, "up", "unknown", "paused"]
"""What to look at first stands first; also, the first one present answers for a whole group."""

OPEN_UP_TO = 12
"""So many hosts or fewer stand open; of more, only those where something is wrong."""


@dataclass(frozen=True, slots=True)
class BoardCountView:
    """How many hosts have a status."""

    status: str
    count: int


@dataclass(frozen=True, slots=True)
class BoardFilterView:
    """A link that shows all namespaces, or one of them."""

    name: str
    href: str
    status: str
    current: bool


@dataclass(frozen=True, slots=True)
class BoardServiceView:
    """One line below a host. ``beside`` is how it is, where planned downtime covers that."""

    name: str
    status: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class BoardDowntimeView:
    """A planned downtime. ``group`` is the namespace's name where several are mixed."""

    title: str
    message: str
    group: str
    hosts: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class BoardHostView:
    """One row. ``group`` is the namespace's name where several are mixed, else empty.

    ``key`` tells the rows apart when the page is refreshed.
    """

    key: str
    name: str
    group: str
    status: str
    open: bool
    services: tuple[BoardServiceView, ...]
    beside: str = ""
    """How it is, where planned downtime covers that."""
    downtimes: tuple[BoardDowntimeView, ...] = ()
    """Those of it that are to come."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """The page: the answer first, then what it rests on.

    ``missing``: there is no such namespace. ``counts`` is empty where there is nothing to count up.
    """

    headline: str
    status: str
    missing: bool
    counts: tuple[BoardCountView, ...]
    filters: tuple[BoardFilterView, ...]
    hosts: tuple[BoardHostView, ...]
    downtimes: tuple[tuple[str, tuple[BoardDowntimeView, ...]], ...] = ()
    """By state: started, scheduled, finished; those that there are."""


def board(view: PublicStatusView, slug: str = "") -> BoardView:
    """The page for a view of everything, limited to the namespace ``slug`` where one is given."""
    names = {namespace.slug: namespace.name for namespace in view.namespaces}
    hosts = [host for host in view.hosts if slug in ("", host.namespace)]
    counts = Counter(map(shown, hosts))
    ordered = sorted(hosts, key=lambda host: ORDER.index(shown(host)))
    mixed = not slug and len(names) > 1
    downtimes = _downtimes(view, slug, names if mixed else {})
    return BoardView(
        headline=_headline(hosts, slug, names),
        status=_first(hosts),
        missing=bool(slug) and slug not in names,
        counts=tuple(
            BoardCountView(status, counts[status])
            for status in ORDER
            if counts[status] and len(hosts) > 1
        ),
        filters=_filters(view, slug) if len(names) > 1 or slug else (),
        hosts=tuple(
            _row(host, names[host.namespace] if mixed else "", len(hosts), _coming(host, view))
            for host in ordered
        ),
        downtimes=downtimes,
    )


def _downtimes(
    view: PublicStatusView, slug: str, groups: Mapping[str, str]
) -> tuple[tuple[str, tuple[BoardDowntimeView, ...]], ...]:
    found: dict[str, list[BoardDowntimeView]] = {"started": [], "scheduled": [], "finished": []}
    for each in view.downtimes:
        if slug in ("", each.namespace):
            found[each.state].append(_downtime(each, groups.get(each.namespace, "")))
    return tuple((state, tuple(those)) for state, those in found.items() if those)


def _coming(host: PublicHostView, view: PublicStatusView) -> tuple[BoardDowntimeView, ...]:
    return tuple(
        _downtime(each, "")
        for each in view.downtimes
        if each.state == "scheduled"
        and each.namespace == host.namespace
        and host.name in each.hosts
    )


def _downtime(each: PublicDowntimeView, group: str) -> BoardDowntimeView:
    return BoardDowntimeView(
        *(each.title, each.message, group, each.hosts, each.starts_at, each.ends_at)
    )


def shown(item: PublicHostView | PublicServiceView) -> str:
    """The status that is shown: a planned downtime covers everything that happens during it."""
    return PLANNED if item.planned_downtime else item.status.value


def _first(hosts: Iterable[PublicHostView]) -> str:
    present = set(map(shown, hosts))
    return next((status for status in ORDER if status in present), "unknown")


def _whole(status: Status, hosts: Iterable[PublicHostView]) -> str:
    """The sign of a whole group, where the worst host would say too much: its own ``status``."""
    first = _first(hosts)
    return status.value if first in ("down", "degraded") else first


def _headline(hosts: list[PublicHostView], slug: str, names: dict[str, str]) -> str:
    if slug and slug not in names:
        return f"There is no namespace “{slug}”"
    inside = f" in {names[slug]}" if slug else ""
    if not hosts:
        return f"Nothing is watched{inside} yet"
    first = _first(hosts)
    if first == "unknown":
        return f"Nothing{inside} has been checked yet"
    if first == "paused":
        return f"All checks{inside} are paused"
    return _sentence(first, hosts, f"{names[slug]} tools" if slug else "tools")


def _sentence(first: str, hosts: list[PublicHostView], tools: str) -> str:
    """“2 of 14 tools are down, 1 more has difficulties”: who is how, at the worst."""
    counts = Counter(map(shown, hosts))
    affected = [host.name for host in hosts if shown(host) == first]
    checked = counts["down"] + counts["degraded"] + counts["up"]
    if len(affected) == 1:
        who = affected[0]
    elif first == PLANNED and checked:
        who = f"{len(affected)} {tools}"
    elif first == PLANNED or len(affected) == checked:
        who = f"All {tools}"
    else:
        who = f"{len(affected)} of {checked} {tools}"
    more = counts["degraded"] if first == "down" else 0
    rest = f", {more} more {_says('degraded', more)}" if more else ""
    return f"{who} {_says(first, len(affected))}{rest}"


def _says(status: str, count: int) -> str:
    are = "is" if count == 1 else "are"
    if status == "degraded":
        return "has difficulties" if count == 1 else "have difficulties"
    return f"{are} in planned downtime" if status == PLANNED else f"{are} {status}"


def _row(
    host: PublicHostView, group: str, total: int, downtimes: tuple[BoardDowntimeView, ...]
) -> BoardHostView:
    services = sorted(host.services, key=lambda service: ORDER.index(shown(service)))
    return BoardHostView(
        key=f"{host.namespace}/{host.name}",
        name=host.name,
        group=group,
        status=shown(host),
        open=total <= OPEN_UP_TO or shown(host) in ("down", "degraded"),
        services=tuple(
            BoardServiceView(service.name, shown(service), _beside(service)) for service in services
        ),
        beside=_beside(host),
        downtimes=downtimes,
    )


def _beside(item: PublicHostView | PublicServiceView) -> str:
    return item.status.value if item.planned_downtime else ""


def _filters(view: PublicStatusView, slug: str) -> tuple[BoardFilterView, ...]:
    every = BoardFilterView("All", "/status/", _whole(view.status, view.hosts), not slug)
    return (
        every,
        *(
            BoardFilterView(
                name=namespace.name,
                href=f"/status/?namespace={namespace.slug}",
                status=_whole(
                    namespace.status,
                    [host for host in view.hosts if host.namespace == namespace.slug],
                ),
                current=namespace.slug == slug,
            )
            for namespace in view.namespaces
        ),
    )
