"""A host or a namespace as its form shows it."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from webmon.crypto import secret_paths, without_secrets
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Host, Namespace, Service


def host_fields(session: Session, host_id: int, *, actor: Actor) -> dict[str, Any]:
    """The fields of a host, for somebody who may change it; of secrets, only which are set.

    Raises:
        NotFound, PermissionDenied.
    """
    host = session.get(Host, host_id) if is_id(host_id) else None
    if host is None:
        raise NotFound("this host does not exist")
    require_theirs(actor, Role.EDITOR, host.namespace_id, "host")
    ssh = host.ssh or {}
    return {
        **host.model_dump(exclude={"ssh", "host_keys"}),
        "tags": ", ".join(host.tags),
        "ssh": without_secrets(ssh),
        "ssh_secrets": frozenset(secret_paths(ssh)),
    }


@dataclass(frozen=True, slots=True)
class CopiedService:
    """A service that may be copied with its host: not where secrets would have to be typed."""

    id: int
    name: str
    has_secrets: bool


def copied_services(session: Session, host_id: int, *, actor: Actor) -> tuple[CopiedService, ...]:
    """The services of a host, for somebody who may change it.

    Raises:
        NotFound, PermissionDenied.
    """
    host_fields(session, host_id, actor=actor)
    rows = session.exec(
        select(Service).where(Service.host_id == host_id).order_by(col(Service.name))
    )
    return tuple(CopiedService(each.id, each.name, any(secret_paths(each.config))) for each in rows)


def namespace_fields(session: Session, namespace_id: int, *, actor: Actor) -> dict[str, Any]:
    """The fields of a namespace, for somebody who may change it.

    Raises:
        NotFound, PermissionDenied.
    """
    namespace = session.get(Namespace, namespace_id) if is_id(namespace_id) else None
    if namespace is None:
        raise NotFound("this namespace does not exist")
    require_theirs(actor, Role.EDITOR, namespace.id, "namespace")
    return namespace.model_dump()


def may_allow_networks(_session: Session, *, actor: Actor) -> bool:
    """Whether the person chooses which private networks a namespace looks at."""
    return actor.has(Role.ADMIN) and actor.namespace_ids is None
