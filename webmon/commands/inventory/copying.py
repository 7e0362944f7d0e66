"""Copy a host with its services."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webmon.commands.inventory.hosts import create_host, find_host
from webmon.commands.inventory.services import ServiceFields, create_service
from webmon.crypto import secret_paths
from webmon.domain.accounts.access import Actor
from webmon.domain.copies import at_address
from webmon.errors import Invalid
from webmon.models import Host, Service

COLUMNS = set(ServiceFields.model_fields)


def copy_host(
    session: Session,
    host_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
) -> Host:
    """A new host with ``fields``, and with copies of those services of another host whose ids are
    in ``services``. They have no history, look at the new address, and hold no secrets.

    Raises:
        Invalid: a field is wrong, or a service cannot be copied.
        NotFound, PermissionDenied.
    """
    source = find_host(session, host_id, actor=actor)
    fields = dict(fields)
    wanted = set(map(str, fields.pop("services", None) or ()))
    copy = create_host(session, fields, actor=actor, now=now)
    for each in _services(session, host_id):
        if str(each.id) not in wanted:
            continue
        try:
            own = _copied(each, source.address, copy.address)
            create_service(session, copy.id, own, actor=actor, now=now)
        except Invalid as error:
            raise Invalid(f"{each.name}: {error.message}", "services") from None
    return copy


def _services(session: Session, host_id: int) -> list[Service]:
    wanted = select(Service).where(Service.host_id == host_id).order_by(col(Service.id))
    return list(session.exec(wanted))


def _copied(service: Service, before: str, after: str) -> dict[str, Any]:
    """The fields of the copy of a service.

    Raises:
        Invalid: it has secrets, which are never copied.
    """
    if any(secret_paths(service.config)):
        raise Invalid("its secrets have to be typed: duplicate it by itself")
    config = at_address(service.config, before, after)
    return {**service.model_dump(include=COLUMNS), "config": config}
