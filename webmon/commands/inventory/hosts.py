"""Create, change and delete hosts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from sqlmodel import Session, col, select, update

from webmon import crypto
from webmon.commands.accounts.activity import noted
from webmon.commands.locks import hold, lock_services
from webmon.commands.networks import is_limited, require_reachable
from webmon.commands.notifications import announcements
from webmon.commands.typed_secrets import require_confirmed_for_secrets
from webmon.commands.validation import KEEP, Fields, Name, merged, require_revision, validated
from webmon.domain.accounts.access import Actor, Role, require, require_theirs
from webmon.domain.ids import LARGEST_ID, is_id
from webmon.domain.tags import read_tags
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Namespace, Service, ServiceState
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess
from webmon.probes.wire.host_names import ascii_name


def _address(value: str) -> str:
    if "/" in value or any(character.isspace() for character in value):
        raise ValueError("must be a host name or an IP address, without http:// and path")
    ascii_name(value)
    return value


class HostFields(Fields):
    """What can be said about a host."""

    name: Name
    namespace_id: int = Field(ge=1, le=LARGEST_ID)
    address: Annotated[str, AfterValidator(_address)] = Field(default="", max_length=255)
    public: bool = True
    tags: Annotated[list[str], BeforeValidator(read_tags)] = Field(default=[])
    """`domain.tags`; a text is read as tags with commas between them."""
    ssh: dict[str, Any] | None = None
    """`SshAccess`; where it is left out of a change, it stays as it is."""


@noted("host", "added")
def create_host(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Host:
    """A new host without services.

    Raises:
        Invalid: a field is wrong, or its namespace has a host of that name.
        PermissionDenied: the actor may not, or not in that namespace.
    """
    host = unsaved_host(session, fields, actor=actor, now=now)
    if hold(session, Namespace, host.namespace_id) is None:
        raise Invalid("this namespace does not exist", "namespace_id")
    _require_free_name(session, host)
    session.add(host)
    session.flush()
    return host


def unsaved_host(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Host:
    """A new host that may be in its namespace. Its name is not compared with those of the others.

    Raises:
        Invalid: a field is wrong.
        PermissionDenied: the actor may not, or not in that namespace.
        ConfirmationNeeded: it holds a secret.
    """
    wanted = validated(HostFields, fields)
    _require_namespace(session, wanted.namespace_id, actor)
    limited = is_limited(actor)
    _require_reachable(session, wanted, limited)
    ssh = _sealed_ssh(wanted)
    require_confirmed_for_secrets(ssh, None, actor=actor, now=now)
    return Host(**wanted.model_dump(exclude={"ssh"}), ssh=ssh, limited=limited, created_at=now)


@noted("host", "changed")
def update_host(
    session: Session,
    host_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Host:
    """Change a host. Where it is reached otherwise than before, its services are due at once, and
    what was found in the old way, or is being found, no longer counts towards a change. The keys it
    is known by stay. ``revision`` is the one that the fields are based on, if somebody edited them.

    Raises:
        Invalid, NotFound, PermissionDenied.
        Conflict: somebody else saved it since.
    """
    find_host(session, host_id, actor=actor)
    wanted = validated(HostFields, fields)
    _require_namespace(session, wanted.namespace_id, actor)
    lock_services(session, select(Service.id).where(Service.host_id == host_id))
    host = _locked(session, host_id, actor)
    if (wanted.name, wanted.namespace_id) != (host.name, host.namespace_id):
        _require_free_name(session, wanted)
    _require_revision(host, revision, wanted)
    moved = wanted.namespace_id != host.namespace_id
    before = host.address, crypto.unseal(host.ssh)
    if host.address and not wanted.address:
        _require_nobody_needs_the_address(session, host)
    host.sqlmodel_update(wanted.model_dump(exclude={"ssh"}))
    if "ssh" in wanted.model_fields_set:
        ssh = _sealed_ssh(wanted, stored=host.ssh)
        require_confirmed_for_secrets(ssh, host.ssh, actor=actor, now=now)
        if crypto.unseal(ssh) != before[1]:  # no two tokens are equal, even of one secret
            host.ssh = ssh
    if session.is_modified(host):  # until something is asked of the database
        host.revision += 1
    _require_password_again(wanted, host, *before)
    if (host.address, crypto.unseal(host.ssh)) != before:
        host.limited = is_limited(actor)
        _require_reachable(session, wanted, host.limited)
    if moved or (host.address, crypto.unseal(host.ssh)) != before:
        look_again(session, select(Service.id).where(Service.host_id == host_id), now)
    session.flush()
    return host


def _require_revision(host: Host, revision: int | None, wanted: HostFields) -> None:
    fields = wanted.model_dump(exclude={"ssh"})
    stored = host.model_dump(include=set(fields))
    if "ssh" in wanted.model_fields_set:
        stored["ssh"] = crypto.unseal(host.ssh)
        fields["ssh"] = crypto.unseal(_sealed_ssh(wanted, stored=host.ssh))
    require_revision("host", revision, host.revision, stored, fields)


def _require_reachable(session: Session, wanted: HostFields, limited: bool) -> None:
    places = {"address": wanted.address}
    require_reachable(session, wanted.namespace_id, places, limited=limited)


def _require_password_again(
    wanted: HostFields, host: Host, address_before: str, ssh_before: Mapping[str, Any] | None
) -> None:
    """A stored password goes to no server that is not known yet: who sends it there must have it.

    A key needs no such care, because it never leaves; a pinned host key guards the rest.
    """
    ssh = crypto.unseal(host.ssh) or {}
    if not ssh.get("password") or (
        wanted.ssh is not None and wanted.ssh.get("password") is not KEEP
    ):
        return
    port, port_before = ssh.get("port", 22), (ssh_before or {}).get("port", 22)
    moved = (host.address, port) != (address_before, port_before)
    if moved and str(port) not in (host.host_keys or {}):
        raise Invalid("type it again: it would be sent to another server", "ssh.password")


def _require_nobody_needs_the_address(session: Session, host: Host) -> None:
    owned = select(Service).where(Service.host_id == host.id).order_by(col(Service.name))
    for service in session.exec(owned):
        if needs_address(service.kind, crypto.unseal(service.config)):
            raise address_missing(service.name)


def needs_address(kind: str, config: Mapping[str, Any]) -> bool:
    """Whether a service with this config (secrets in the clear) looks at its host's address."""
    known = PROBES.get(kind)
    try:
        return known is not None and known.config.model_validate(config).needs_address
    except ValidationError:
        return False  # stored by another version: the worker says what is wrong


def address_missing(service: str) -> Invalid:
    """The error that a host has no address although this service looks at it."""
    return Invalid(f"is required: the service {service} checks it", "address")


@noted("host", "accepted another key of")
def accept_host_key(
    session: Session,
    host_id: int,
    port: int,
    key_type: str,
    fingerprint: str,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Know a host at a port by the key that it was seen to show there, and by no other.

    Raises:
        NotFound: there is no such host, or no key is known.
        PermissionDenied: the actor is not an admin.
    """
    host = find_host(session, host_id, actor=actor)
    require_theirs(actor, Role.ADMIN, host.namespace_id, "host")
    over_ssh = [name for name, kind in PROBES.items() if kind.over_ssh]
    concerned = select(Service.id).where(
        Service.host_id == host_id, col(Service.kind).in_(over_ssh)
    )
    lock_services(session, concerned)
    host = _locked(session, host_id, actor)
    known = dict(host.host_keys or {})
    if str(port) not in known:
        raise NotFound(f"no key of {host.name} is known at port {port}")
    known[str(port)] = {
        "type": key_type,
        "fingerprint": fingerprint,
        "first_seen_at": now.isoformat(timespec="seconds"),
    }
    host.host_keys = known
    look_again(session, concerned, now)
    session.flush()


def look_again(session: Session, service_ids: Any, now: datetime) -> None:
    """Make services due now, and let nothing count that was found before, or is on its way."""
    session.flush()
    session.exec(
        update(Service)
        .where(col(Service.id).in_(service_ids))
        .values(revision=Service.revision + 1)
        .execution_options(synchronize_session=False)
    )
    session.exec(
        update(ServiceState)
        .where(
            col(ServiceState.service_id).in_(service_ids),
            col(ServiceState.next_check_at).is_not(None),
        )
        .values(next_check_at=now, up_count=0, down_count=0)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def complete_ssh(ssh: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``ssh`` as it would be stored, secrets in the clear.

    Raises:
        Invalid: a field is wrong.
    """
    if not ssh:
        return None
    complete: dict[str, Any] = crypto.unseal(crypto.seal(validated(SshAccess, ssh, within="ssh")))
    return complete


def _sealed_ssh(
    wanted: HostFields, stored: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    fields = merged(wanted.ssh or {}, crypto.unseal(stored))
    return crypto.seal(validated(SshAccess, fields, within="ssh")) if fields else None


@noted("host", "deleted")
def delete_host(
    session: Session,
    host_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Delete a host with its services and all that was recorded of them.

    Raises:
        NotFound, PermissionDenied.
    """
    host = find_host(session, host_id, actor=actor)
    ended = lock_services(session, select(Service.id).where(Service.host_id == host_id))
    announcements.end_watching(session, ended, "was deleted", now=now)
    session.delete(host)
    session.flush()


def find_host(session: Session, host_id: int, *, actor: Actor | None, thing: str = "host") -> Host:
    """The host, for somebody who may change it.

    Raises:
        NotFound, PermissionDenied.
    """
    host = session.get(Host, host_id) if is_id(host_id) else None
    if host is None:
        raise NotFound("this host does not exist")
    require_theirs(actor, Role.EDITOR, host.namespace_id, thing)
    return host


def held_host(session: Session, host_id: int, *, actor: Actor | None) -> Host:
    """`find_host`, kept from being deleted until the transaction ends: something is added to it.

    Raises:
        NotFound, PermissionDenied.
    """
    if is_id(host_id):
        hold(session, Host, host_id)
    return find_host(session, host_id, actor=actor)


def _locked(session: Session, host_id: int, actor: Actor | None) -> Host:
    """The host as it is by now, until the transaction ends: somebody else may have changed it while
    we waited for its services. Like them it is locked in one order, after their states."""
    session.get(Host, host_id, populate_existing=True, with_for_update={"key_share": True})
    return find_host(session, host_id, actor=actor)


def _require_namespace(session: Session, namespace_id: int, actor: Actor | None) -> None:
    if actor is not None:
        require(actor, Role.EDITOR, namespace_id)
    if session.get(Namespace, namespace_id) is None:
        raise Invalid("this namespace does not exist", "namespace_id")


def _require_free_name(session: Session, wanted: Host | HostFields) -> None:
    taken = select(Host.id).where(
        Host.namespace_id == wanted.namespace_id, Host.name == wanted.name
    )
    if session.exec(taken).first() is not None:
        raise Invalid(f"this namespace has a host {wanted.name} already", "name")
