"""What somebody finds by typing: hosts, services, open incidents, and what can be begun."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, true
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.domain.actions import VERBS, actions_for, verb_in, words_of
from webmon.domain.checks.status import host_status
from webmon.models import Host, Incident, Namespace, Service, ServiceState
from webmon.models.columns import table

MOST_FOUND = 20
MOST_INCIDENTS = 5
LONGEST = 100
"""Characters of what is typed that are looked at."""

HOSTS, SERVICES, INCIDENTS = table(Host), table(Service), table(Incident)
host, service, incident = HOSTS.c, SERVICES.c, INCIDENTS.c
namespace, state = table(Namespace).c, table(ServiceState).c


@dataclass(frozen=True, slots=True)
class FoundView:
    """One thing to go to. ``detail`` says where it belongs; ``status`` is empty for actions."""

    kind: str
    name: str
    detail: str
    status: str
    address: str


def find(session: Session, text: str, *, actor: Actor) -> list[FoundView]:
    """At most `MOST_FOUND` things of those that ``actor`` sees or may do; best matches first.

    Without a text: what is open, and what can be begun. A text that begins with a verb
    (``pause data``) finds what that can be done with.
    """
    words = words_of(text[:LONGEST])
    begun = [
        FoundView("action", each.name, "", "", each.address) for each in actions_for(actor, words)
    ]
    verb, rest = verb_in(actor, words)
    if verb:
        return (begun + _with_verb(session, actor, verb, rest))[:MOST_FOUND]
    opened = [_incident(row) for row in session.execute(_incidents(actor, words))]
    if not words:
        return (opened + begun)[:MOST_FOUND]
    hosts = _found_hosts(session, actor, words)
    services = [_service(row) for row in session.execute(_services(actor, words))]
    return (begun + hosts + services[: MOST_FOUND - len(opened)] + opened)[:MOST_FOUND]


def _with_verb(session: Session, actor: Actor, verb: str, words: Sequence[str]) -> list[FoundView]:
    """Things that ``verb`` can be done with."""
    found = [] if verb == "pause" else _hosts_of(session, actor, words)
    found += [
        ("service", row.id, f"{row.host} / {row.name}", row.namespace)
        for row in session.execute(_services(actor, words, by_host=True))
        if not (verb == "pause" and row.status == "paused")
    ]
    return [
        FoundView(
            "action",
            f"{verb[:1].upper()}{verb[1:]} {name}",
            where,
            "",
            VERBS[verb].format(kind=kind, id=key, service=key),
        )
        for kind, key, name, where in found
    ]


def _hosts_of(
    session: Session, actor: Actor, words: Sequence[str]
) -> list[tuple[str, int, str, str]]:
    return [
        ("host", row.id, row.name, row.namespace) for row in session.execute(_hosts(actor, words))
    ]


def _found_hosts(session: Session, actor: Actor, words: Sequence[str]) -> list[FoundView]:
    rows = session.execute(_hosts(actor, words)).all()
    parts = session.execute(
        select(service.host_id, state.status, service.critical)
        .join(table(ServiceState))
        .where(service.host_id.in_([row.id for row in rows]))
    ).all()
    return [
        FoundView(
            "host",
            row.name,
            row.namespace,
            host_status(
                [(each.status, each.critical) for each in parts if each.host_id == row.id]
            ).value,
            f"/host/?id={row.id}",
        )
        for row in rows
    ]


def _service(row: Row[Any]) -> FoundView:
    where = f"{row.host} · {row.namespace}"
    return FoundView("service", row.name, where, row.status.value, f"/service/?id={row.id}")


def _incident(row: Row[Any]) -> FoundView:
    name = f"{row.host} / {row.name}"
    return FoundView("incident", name, row.message, "down", f"/incidents/?incident={row.id}")


def _hosts(actor: Actor, words: Sequence[str]) -> Select[Any]:
    looked_into = (host.name, host.address)
    return (
        select(host.id, host.name, namespace.name.label("namespace"))
        .select_from(HOSTS.join(table(Namespace)))
        .where(*_seen(actor), *(_holds(word, looked_into) for word in words))
        .order_by(_rank(host.name, words), func.lower(host.name), host.id)
        .limit(MOST_FOUND)
    )


def _services(actor: Actor, words: Sequence[str], *, by_host: bool = False) -> Select[Any]:
    """Those whose own name holds one of the words (``by_host``: or none), and that of their host
    the others."""
    looked_into = (host.name, service.name)
    own = true() if by_host else or_(*(_holds(word, (service.name,)) for word in words))
    return (
        select(
            service.id, service.name, state.status,
            host.name.label("host"), namespace.name.label("namespace"),
        )
        .select_from(HOSTS.join(table(Namespace)).join(SERVICES).join(table(ServiceState)))
        .where(*_seen(actor), own, *(_holds(word, looked_into) for word in words))
        .order_by(_rank(service.name, words), func.lower(host.name), func.lower(service.name))
        .limit(MOST_FOUND)
    )  # fmt: skip


def _incidents(actor: Actor, words: Sequence[str]) -> Select[Any]:
    looked_into = (host.name, service.name, incident.message)
    return (
        select(incident.id, incident.message, service.name, host.name.label("host"))
        .select_from(INCIDENTS.join(SERVICES).join(HOSTS))
        .where(incident.resolved_at.is_(None), *_seen(actor))
        .where(*(_holds(word, looked_into) for word in words))
        .order_by(incident.opened_at.desc(), incident.id)
        .limit(MOST_INCIDENTS)
    )


def _seen(actor: Actor) -> list[ColumnElement[bool]]:
    if actor.namespace_ids is None:
        return []
    return [host.namespace_id.in_(actor.namespace_ids)]


def _holds(word: str, columns: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _rank(name: ColumnElement[str], words: Sequence[str]) -> ColumnElement[int]:
    """What begins with the text stands before what holds it."""
    text = " ".join(words)
    return case(
        (func.lower(name) == text, 0), (name.istartswith(text, autoescape=True), 1), else_=2
    )
