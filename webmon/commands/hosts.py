"""Create, change and delete hosts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlmodel import Session, col, select

from webmon.commands.validation import Fields, validated
from webmon.domain.access import Actor, Role, require
from webmon.domain.ids import LARGEST_ID, is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Namespace, Service, ServiceState


def _address(value: str) -> str:
    if "/" in value or any(character.isspace() for character in value):
        raise ValueError("must be a host name or an IP address, without http:// and path")
    return value


class HostFields(Fields):
    """What can be said about a host."""

    name: str = Field(min_length=1, max_length=100)
    namespace_id: int = Field(ge=1, le=LARGEST_ID)
    address: Annotated[str, AfterValidator(_address)] = Field(default="", max_length=255)
    public: bool = True


def create_host(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Host:
    """A new host without services.

    Raises:
        Invalid: a field is wrong, or its namespace has a host of that name.
        PermissionDenied: the actor may not, or not in that namespace.
    """
    wanted = validated(HostFields, fields)
    _require_namespace(session, wanted.namespace_id, actor)
    _require_free_name(session, wanted)
    host = Host(**wanted.model_dump(), created_at=now)
    session.add(host)
    session.flush()
    return host


def update_host(
    session: Session,
    host_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> Host:
    """Change a host; its services are looked at under the new address from the next check on.

    Raises:
        Invalid, NotFound, PermissionDenied.
    """
    host = find_host(session, host_id, actor=actor)
    wanted = validated(HostFields, fields)
    _require_namespace(session, wanted.namespace_id, actor)
    if (wanted.name, wanted.namespace_id) != (host.name, host.namespace_id):
        _require_free_name(session, wanted)
    host.sqlmodel_update(wanted.model_dump())
    session.flush()
    return host


def delete_host(
    session: Session,
    host_id: int,
    *,
    actor: Actor | None,
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> None:
    """Delete a host with its services and all that was recorded of them.

    Raises:
        NotFound, PermissionDenied.
    """
    host = find_host(session, host_id, actor=actor)
    lock_services(session, select(Service.id).where(Service.host_id == host_id))
    session.delete(host)
    session.flush()


def find_host(session: Session, host_id: int, *, actor: Actor | None) -> Host:
    """The host, for somebody who may change it.

    Raises:
        NotFound, PermissionDenied.
    """
    host = session.get(Host, host_id) if is_id(host_id) else None
    if host is None:
        raise NotFound("this host does not exist (any more)")
    if actor is not None:
        require(actor, Role.EDITOR, host.namespace_id)
    return host


def lock_services(session: Session, service_ids: Any) -> None:
    """Lock these services (ids, or a select of them) against their checks being recorded.

    Everything that changes or deletes services locks their states first, in one order, as
    `commands.checks.record` does: so neither waits for the other for ever.
    """
    session.exec(
        select(ServiceState.service_id)
        .where(col(ServiceState.service_id).in_(service_ids))
        .order_by(col(ServiceState.service_id))
        .with_for_update()
    ).all()


def _require_namespace(session: Session, namespace_id: int, actor: Actor | None) -> None:
    if actor is not None:
        require(actor, Role.EDITOR, namespace_id)
    if session.get(Namespace, namespace_id) is None:
        raise Invalid("this namespace does not exist (any more)", "namespace_id")


def _require_free_name(session: Session, wanted: HostFields) -> None:
    taken = select(Host.id).where(
        Host.namespace_id == wanted.namespace_id, Host.name == wanted.name
    )
    if session.exec(taken).first() is not None:
        raise Invalid(f"this namespace has a host {wanted.name} already", "name")
