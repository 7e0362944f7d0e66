"""What a change of many hosts or services would do, before it is done."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.domain.durations import format_duration
from webmon.models import Host, Namespace, Service
from webmon.models.columns import table
from webmon.probes import PROBES
from webmon.queries.inventory.host_choice import JOINED, Choice, chosen, ordered_ids

RECEIVING = [name for name, kind in PROBES.items() if kind.receives]

host, service, namespace = table(Host).c, table(Service).c, table(Namespace).c


@dataclass(frozen=True, slots=True)
class Selection:
    """The hosts that are selected, and those of their services that are looked for."""

    hosts: tuple[int, ...] = ()
    services: tuple[int, ...] = ()


def selection(
    session: Session,
    *,
    actor: Actor,
    choice: Choice,
    host_ids: Sequence[int] | None,
    now: datetime,
) -> Selection:
    """What ``choice`` means of these hosts; None: of all hosts that it means."""
    hosts = ordered_ids(session, actor, choice, now=now)
    if host_ids is not None:
        wanted = set(host_ids)
        hosts = [each for each in hosts if each in wanted]
    services = session.scalars(
        select(service.id)
        .select_from(JOINED)
        .where(service.id.is_not(None), host.id.in_(hosts), *chosen(actor, choice))
        .order_by(service.id)
    )
    return Selection(tuple(hosts), tuple(services))


def preview(
    session: Session,
    selected: Selection,
    what: str,
    value: Any,
    *,
    actor: Actor,
) -> tuple[str, ...]:
    """What would change, a line for each value of now: ``12 services: 60s → 5m``."""
    if what == "delete":
        lost = _counted(len(selected.services), "service")
        hosts = _counted(len(selected.hosts), "host")
        return (
            f"{hosts} with {lost} and the history: deleted. For 10 seconds this can be undone.",
        )
    if what in ("pause", "resume"):
        column: Any = service.paused
        found = _values(session, column, service.id, selected.services)
        count = found[what == "resume"]
        said = "paused" if what == "pause" else "checked again, at once"
        return (f"{_counted(count, 'service')}: {said}",) if count else ()
    if what in ("add_tag", "remove_tag"):
        tagged = _tagged(session, selected.hosts, str(value))
        count = tagged if what == "remove_tag" else len(selected.hosts) - tagged
        said = f"with the tag {value}" if what == "add_tag" else f"without the tag {value}"
        return (f"{_counted(count, 'host')}: {said}",) if count else ()
    if what == "namespace":
        rows = session.execute(select(namespace.id, namespace.name))
        names = {row.id: row.name for row in rows if actor.sees(row.id)}
        found = _values(session, host.namespace_id, host.id, selected.hosts)
        return _lines(found, value, "host", lambda key: names.get(key, "?"))
    column = service[what]
    if what == "interval_seconds":  # nobody looks at jobs that report in
        column = case((service.kind.not_in(RECEIVING), column), else_=value)
    found = _values(session, column, service.id, selected.services)
    shown = format_duration if what.endswith("_seconds") else str
    return _lines(found, value, "service", shown)


def _values(session: Session, column: Any, key: Any, ids: Sequence[int]) -> Counter[Any]:
    return Counter(session.scalars(select(column).where(key.in_(ids))))


def _tagged(session: Session, host_ids: Sequence[int], tag: str) -> int:
    rows = session.scalars(select(host.tags).where(host.id.in_(host_ids)))
    return sum(tag.strip().lower() in tags for tags in rows)


def _lines(found: Counter[Any], value: Any, noun: str, shown: Any) -> tuple[str, ...]:
    return tuple(
        f"{_counted(count, noun)}: {shown(before)} → {shown(value)}"
        for before, count in found.most_common()
        if before != value
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
