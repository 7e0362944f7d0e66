"""Services that log in to a host that has no SSH access yet: both are saved, or neither."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webmon.commands.inventory.hosts import HostFields, find_host, update_host
from webmon.commands.inventory.services import create_service, update_service
from webmon.domain.accounts.access import Actor
from webmon.domain.ids import is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Service

OTHERS = set(HostFields.model_fields) - {"ssh"}


def create_with_login(
    session: Session,
    host_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
) -> Service:
    """`services.create_service`; with ``ssh`` among the fields, the host gets that access first.

    Raises:
        Invalid: also where the host has been given access meanwhile (``ssh.user``).
        NotFound, PermissionDenied.
    """
    own = dict(fields)
    _give_login(session, host_id, own.pop("ssh", None), actor, now)
    return create_service(session, host_id, own, actor=actor, now=now)


def update_with_login(
    session: Session,
    service_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Service:
    """The same for `services.update_service`.

    Raises:
        Invalid, NotFound, PermissionDenied, Conflict.
    """
    own = dict(fields)
    if ssh := own.pop("ssh", None):
        service = session.get(Service, service_id) if is_id(service_id) else None
        if service is None:
            raise NotFound("this service does not exist")
        is_present = revision == service.revision
        _give_login(session, service.host_id, ssh, actor, now)
        session.refresh(service)  # it is looked at again, which is another revision
        revision = service.revision if is_present else revision
    return update_service(session, service_id, own, actor=actor, now=now, revision=revision)


def _give_login(
    session: Session, host_id: int, ssh: Any, actor: Actor | None, now: datetime
) -> None:
    if not ssh:
        return
    host = find_host(session, host_id, actor=actor)
    if host.ssh:
        raise Invalid(
            f"{host.name} has been given SSH access meanwhile: leave this empty", "ssh.user"
        )
    fields = {**host.model_dump(include=OTHERS), "ssh": ssh}
    update_host(session, host_id, fields, actor=actor, now=now)
