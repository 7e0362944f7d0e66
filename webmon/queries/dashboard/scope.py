"""Which services the page is about: those of the person's namespaces, or of one of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, true
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.models import Host, Namespace
from webmon.models.columns import table

host, namespace = table(Host).c, table(Namespace).c

Scope = frozenset[int] | None
"""The ids of the namespaces; None for all of them."""


def scope_of(actor: Actor, chosen: int | None) -> Scope:
    """What ``actor`` sees, narrowed to the namespace ``chosen`` where it is one of theirs."""
    if chosen is not None and actor.sees(chosen):
        return frozenset({chosen})
    return actor.namespace_ids


def within(scope: Scope) -> ColumnElement[bool]:
    """The condition on the host."""
    return true() if scope is None else host.namespace_id.in_(scope)


def namespaces(session: Session, actor: Actor) -> Sequence[Row[Any]]:
    """Id, slug and name of those that ``actor`` sees, by name."""
    rows = session.execute(
        select(namespace.id, namespace.slug, namespace.name).order_by(func.lower(namespace.name))
    )
    return [row for row in rows if actor.sees(row.id)]
