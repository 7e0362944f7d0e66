"""Where jobs report to."""

from sqlalchemy import bindparam, select
from sqlmodel import Session

from webmon import config, crypto
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Heartbeat, Host, Service
from webmon.models.columns import table

heartbeat = table(Heartbeat).c
KNOWN = select(heartbeat.service_id).where(heartbeat.token_hash == bindparam("token_hash"))


def is_known(session: Session, token: str) -> bool:
    """Whether somebody may report with this token."""
    return session.execute(KNOWN, {"token_hash": token_hash(token)}).first() is not None


def heartbeat_url(session: Session, service_id: int, *, actor: Actor | None) -> str:
    """The address at which a service's job reports; empty where the service receives nothing.

    Raises:
        NotFound, PermissionDenied: only who may change the service may see it.
    """
    service = session.get(Service, service_id) if is_id(service_id) else None
    if service is None:
        raise NotFound("this service does not exist")
    namespace_id = session.get_one(Host, service.host_id).namespace_id
    require_theirs(actor, Role.EDITOR, namespace_id, "service")
    heartbeat = session.get(Heartbeat, service_id)
    return "" if heartbeat is None else address_of(heartbeat)


def address_of(heartbeat: Heartbeat) -> str:
    """The full URL of a heartbeat. Who knows it can report."""
    token = crypto.vault().decrypt(heartbeat.token)
    return f"{config.settings().public_url}/api/v1/heartbeats/{token}"
