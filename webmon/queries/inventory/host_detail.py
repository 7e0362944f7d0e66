"""How a host is reached over SSH: who logs in, the line to install there, and its known keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Host, Service, ServiceState
from webmon.probes.host_key import PINNED_KEY
from webmon.probes.ssh_access import SshAccess
from webmon.queries.inventory.host_views import changed_port
from webmon.queries.inventory.ssh_install import authorized_keys_of


@dataclass(frozen=True, slots=True)
class HostKeyView:
    """The key that a host is known by at a port; ``first_seen_at`` is an ISO text."""

    port: int
    type: str
    fingerprint: str
    first_seen_at: str
    is_changed: bool
    """The last check has met another one."""


@dataclass(frozen=True, slots=True)
class HostDetail:
    """What is known of a host beyond its services."""

    id: int = 0
    user: str = ""
    port: int = 0
    has_key: bool = False
    known_keys: tuple[HostKeyView, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """A new host key that waits for a yes; ``host_id`` 0 for none."""

    host_id: int = 0
    port: int = 0
    host: str = ""
    message: str = ""
    """What the last check has seen, with both fingerprints."""
    key_type: str = ""
    fingerprint: str = ""
    """Of the new key."""


def host_detail(session: Session, host_id: int, *, actor: Actor) -> HostDetail:
    """Who logs in at a host, and the keys it is known by.

    Raises:
        NotFound, PermissionDenied.
    """
    host = _find(session, host_id, actor, Role.VIEWER)
    ssh: Mapping[str, Any] = host.ssh or {}
    changed = _changed(session, host)
    keys = sorted((host.host_keys or {}).items(), key=lambda each: int(each[0]))
    return HostDetail(
        id=host.id,
        user=ssh.get("user", ""),
        port=ssh.get("port", SshAccess.model_fields["port"].default),
        has_key=bool(ssh.get("private_key")),
        known_keys=tuple(
            HostKeyView(
                int(port),
                key["type"],
                key["fingerprint"],
                key["first_seen_at"],
                int(port) in changed,
            )
            for port, key in keys
        ),
    )


def install_line(session: Session, host_id: int, *, actor: Actor) -> str:
    """The line for ``authorized_keys`` on the host; empty where nobody logs in with a key.

    Raises:
        Invalid: what is stored of the host, or of what looks at it, cannot be used.
        NotFound, PermissionDenied: only for who may change the host.
    """
    return authorized_keys_of(session, _find(session, host_id, actor, Role.EDITOR))


def key_question(session: Session, host_id: int, port: int, *, actor: Actor) -> KeyQuestion:
    """The question to ask before a host is taken for the same in spite of another key.

    Raises:
        NotFound: there is no such host, or it has not shown another key at that port.
        PermissionDenied: the actor is not an admin.
    """
    host = _find(session, host_id, actor, Role.ADMIN)
    state = _changed(session, host).get(port) if is_id(port) else None
    shown = (state and state.evidence) or {}
    if state is None or not shown.get("fingerprint"):
        raise NotFound(f"{host.name} no longer shows a different key")
    return KeyQuestion(
        host.id, port, host.name, state.message, shown["key_type"], shown["fingerprint"]
    )


def _changed(session: Session, host: Host) -> dict[int, ServiceState]:
    """What was found last at the ports at which another key than the pinned one was met."""
    rows = session.exec(select(ServiceState).join(Service).where(Service.host_id == host.id))
    found = {changed_port((state.evidence or {}).get(PINNED_KEY), host): state for state in rows}
    return {port: state for port, state in found.items() if port}


def _find(session: Session, host_id: int, actor: Actor, role: Role) -> Host:
    host = session.get(Host, host_id) if is_id(host_id) else None
    if host is None:
        raise NotFound("this host does not exist")
    require_theirs(actor, role, host.namespace_id, "host")
    return host
