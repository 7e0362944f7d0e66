"""The namespaces that somebody sees."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from webmon.domain.accounts.access import Actor, Role
from webmon.models import Host, Namespace
from webmon.queries.inventory.host_views import NamespaceView


@dataclass(frozen=True, slots=True)
class NamespacesView:
    """The namespaces, for one person."""

    who: str = ""
    can_edit: bool = False
    can_add: bool = False
    """Adding and deleting takes access to all namespaces."""
    namespaces: tuple[NamespaceView, ...] = ()


def admin_namespaces(session: Session, *, actor: Actor) -> NamespacesView:
    """All namespaces that ``actor`` sees, and what may be done with them."""
    can_edit = actor.has(Role.EDITOR)
    return NamespacesView(
        who=f"{actor.email} · {actor.role.value}",
        can_edit=can_edit,
        can_add=can_edit and actor.namespace_ids is None,
        namespaces=namespaces_seen(session, actor),
    )


def namespaces_seen(session: Session, actor: Actor) -> tuple[NamespaceView, ...]:
    """The namespaces that ``actor`` sees, by name, with the number of their hosts."""
    rows = session.exec(
        select(Namespace, func.count(col(Host.id)))
        .join(Host, isouter=True)
        .where(*within_sight(actor))
        .group_by(col(Namespace.id))
        .order_by(func.lower(Namespace.name))
    )
    return tuple(
        NamespaceView(row.id, row.slug, row.name, row.timezone, hosts) for row, hosts in rows
    )


def within_sight(actor: Actor) -> list[Any]:
    """The condition that a namespace is one that ``actor`` sees."""
    if actor.namespace_ids is None:
        return []
    return [col(Namespace.id).in_(actor.namespace_ids)]
