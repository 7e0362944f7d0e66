"""What can be chosen for a downtime: what it affects, and the channels that are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.models import Channel, Namespace
from webmon.models.columns import table
from webmon.queries.downtimes.windows import HOSTS, SERVICES, host, service

NAMESPACES, CHANNELS = table(Namespace), table(Channel)
namespace, channel = NAMESPACES.c, CHANNELS.c

MOST_FOUND = 12


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """Something a downtime can affect; ``value`` is ``host-7-2``: the kind, its id, and that of
    its namespace."""

    value: str
    label: str
    where: str


def scope_found(
    session: Session, text: str = "", *, actor: Actor, but: Iterable[str] = ()
) -> tuple[ChoiceView, ...]:
    """At most twelve namespaces, hosts and services whose names hold ``text``."""
    words = [f"%{_escaped(word)}%" for word in text.lower().split()]
    left_out = set(but)
    found: list[ChoiceView] = []
    for statement in _statements(actor, words, with_services=bool(words)):
        rows = session.execute(statement.limit(MOST_FOUND + len(left_out)))
        found += [each for each in map(_choice, rows) if each.value not in left_out]
    return tuple(found[:MOST_FOUND])


def scope_chosen(
    session: Session,
    *,
    actor: Actor,
    namespace_id: int = 0,
    host_ids: Iterable[int] = (),
    service_ids: Iterable[int] = (),
) -> tuple[ChoiceView, ...]:
    """These as choices: the whole namespace (0: none), hosts and services. Unknown ones are left
    out."""
    wanted = (
        (_namespaces(actor), namespace.id, [namespace_id] if namespace_id else []),
        (_hosts(actor), host.id, list(host_ids)),
        (_services(actor), service.id, list(service_ids)),
    )
    found: list[ChoiceView] = []
    for statement, column, ids in wanted:
        if ids:
            found += map(_choice, session.execute(statement.where(column.in_(ids))))
    return tuple(found)


def channels_offered(session: Session, *, actor: Actor) -> tuple[tuple[int, str], ...]:
    """The channels that a downtime of this person can choose: id and name."""
    seen = channel.namespace_id.is_(None) | _seen(channel.namespace_id, actor)
    rows = session.execute(select(channel.id, channel.name).where(seen).order_by(channel.name))
    return tuple((key, name) for key, name in rows)


def _statements(actor: Actor, words: list[str], *, with_services: bool) -> Iterable[Any]:
    def holding(*columns: Any) -> list[Any]:
        texts = [func.lower(column) for column in columns]
        return [or_(*(text.like(word, escape="\\") for text in texts)) for word in words]

    yield _namespaces(actor).where(*holding(namespace.name, namespace.slug))
    yield _hosts(actor).where(*holding(host.name, namespace.name))
    if with_services:
        yield _services(actor).where(*holding(service.name, host.name, namespace.name))


def _namespaces(actor: Actor) -> Any:
    found = select(namespace.id, namespace.id.label("namespace_id"), namespace.name)
    return found.where(_seen(namespace.id, actor)).order_by(namespace.name)


def _hosts(actor: Actor) -> Any:
    found = select(host.id, host.namespace_id, host.name, namespace.name.label("namespace"))
    joined = found.select_from(HOSTS).join(NAMESPACES, namespace.id == host.namespace_id)
    return joined.where(_seen(host.namespace_id, actor)).order_by(host.name)


def _services(actor: Actor) -> Any:
    found = select(
        service.id,
        host.namespace_id,
        service.name,
        namespace.name.label("namespace"),
        host.name.label("host"),
    )
    joined = found.select_from(SERVICES).join(HOSTS, host.id == service.host_id)
    joined = joined.join(NAMESPACES, namespace.id == host.namespace_id)
    return joined.where(_seen(host.namespace_id, actor)).order_by(host.name, service.name)


def _choice(row: Any) -> ChoiceView:
    if hasattr(row, "host"):
        value, label = f"service-{row.id}-{row.namespace_id}", f"{row.host} – {row.name}"
        return ChoiceView(value, label, row.namespace)
    if hasattr(row, "namespace"):
        return ChoiceView(f"host-{row.id}-{row.namespace_id}", row.name, row.namespace)
    return ChoiceView(f"namespace-{row.id}-{row.namespace_id}", f"All of {row.name}", "")


def _seen(column: Any, actor: Actor) -> ColumnElement[bool]:
    found: ColumnElement[bool] = true()
    if actor.namespace_ids is not None:
        found = column.in_(list(actor.namespace_ids))
    return found


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
