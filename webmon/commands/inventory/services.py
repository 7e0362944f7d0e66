"""Create, change, pause and delete services, and ask for a check.

Nothing here looks at the network: a command only says when the worker shall look next.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from sqlmodel import Session, col, select, update

from webmon import crypto
from webmon.commands.accounts.activity import noted, write_entry
from webmon.commands.accounts.snapshots import snapshot
from webmon.commands.checks import heartbeats
from webmon.commands.inventory.hosts import find_host, held_host
from webmon.commands.inventory.pausing import set_paused
from webmon.commands.locks import lock_services
from webmon.commands.networks import is_limited, places_of, require_reachable
from webmon.commands.notifications import announcements
from webmon.commands.typed_secrets import require_confirmed_for_secrets
from webmon.commands.validation import KEEP as KEEP
from webmon.commands.validation import Fields, Name, both, merged, require_revision, validated
from webmon.crypto import secret_paths
from webmon.domain.accounts.access import Actor
from webmon.domain.checks.status import Status
from webmon.domain.ids import is_id
from webmon.errors import Invalid, NotFound
from webmon.models import Host, Service, ServiceState
from webmon.probes import PROBES
from webmon.probes.base import ProbeConfig

LONGEST_INTERVAL = 7 * 24 * 3600
LONGEST_PAUSE = timedelta(days=366)
RESUMED_AT_ONCE = 200


def _interval(value: int) -> int:
    if not 1 <= value <= LONGEST_INTERVAL:
        raise ValueError("must be between 1 s and 7 d")
    return value


Interval = Annotated[int, AfterValidator(_interval)]


class ServiceFields(Fields):
    """What can be said about a service; ``config`` is checked by its kind's own model."""

    name: Name
    kind: str
    config: dict[str, Any] = Field(default={})
    interval_seconds: Interval | None = None
    timeout_seconds: float = Field(default=10.0, ge=0.1, le=120, allow_inf_nan=False)
    retry_seconds: int = Field(default=10, ge=1, le=3600)
    failures_to_down: int = Field(default=2, ge=1, le=20)
    failures_to_degraded: int = Field(default=2, ge=1, le=20)
    successes_to_up: int = Field(default=1, ge=1, le=20)
    degraded_above_ms: int | None = Field(default=None, ge=1, le=120_000)
    critical: bool = False
    public: bool = True
    paused: bool = False


@noted("service", "added")
def create_service(
    session: Session,
    host_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
) -> Service:
    """A new service of a host, due at once.

    Raises:
        Invalid: a field is wrong, or the host has a service of that name.
        NotFound: there is no such host.
        PermissionDenied: the actor may not, or not in the host's namespace.
    """
    host = held_host(session, host_id, actor=actor)
    service = unsaved_service(session, host, fields, actor=actor, now=now)
    _require_free_name(session, host.id, service.name)
    service.host_id = host.id
    session.add(service)
    session.flush()
    session.add(ServiceState(**untouched_state(service, now)))
    heartbeats.prepare(session, service, now=now)
    session.flush()
    return service


def unsaved_service(
    session: Session, host: Any, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Service:
    """A new service that may be at ``host``, which may not be stored yet either. Its name is not
    compared with those of the others.

    Raises:
        Invalid: a field is wrong.
        ConfirmationNeeded: it holds a secret.
    """
    wanted, config = _read(fields, stored=None)
    columns = _columns(wanted, config)
    require_confirmed_for_secrets(columns["config"], None, actor=actor, now=now)
    _require_address(host, config)
    require_login(host, wanted.kind, config)
    limited = is_limited(actor)
    _require_reachable(session, host, config, limited=limited)
    return Service(**columns, limited=limited, created_at=now)


@noted("service", "changed")
def update_service(
    session: Session,
    service_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Service:
    """Give a service new fields (all of them: what is left out gets its default); due at once.

    What is known of it stands until the next check; where the kind or its config changed, earlier
    observations no longer count towards a change. ``revision`` is the one that the fields are
    based on, where somebody edited them.

    Raises:
        Invalid, NotFound, PermissionDenied.
        Conflict: somebody else saved it since.
    """
    service = _find_locked(session, service_id, actor)
    said, config = _read(fields, stored=service)
    wanted = _columns(said, config)
    _require_revision(service, revision, wanted)
    if said.name != service.name:
        _require_free_name(session, service.host_id, said.name)
    host = session.get_one(Host, service.host_id)
    _require_address(host, config)
    starts_over = _looks_elsewhere(service, wanted)
    if starts_over:
        require_confirmed_for_secrets(wanted["config"], service.config, actor=actor, now=now)
        require_login(host, said.kind, config)
        if actor is not None:
            _require_secrets_again(service, said.kind, fields, config)
        service.limited = is_limited(actor)
        _require_reachable(session, host, config, limited=service.limited)
    paused = wanted.pop("paused")
    service.sqlmodel_update({**wanted, "revision": service.revision + 1})
    heartbeats.prepare(session, service, now=now)
    _due_again(session, service, starts_over=starts_over, now=now)
    set_paused(session, [service], paused, now=now)
    session.flush()
    return service


@noted("service", "deleted")
def delete_service(
    session: Session,
    service_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Delete a service and all that was recorded of it.

    Raises:
        NotFound, PermissionDenied.
    """
    service = _find_locked(session, service_id, actor)
    announcements.end_watching(session, [service_id], "was deleted", now=now)
    session.delete(service)
    session.flush()


@noted("service", "asked for a check of", always=True)
def check_now(session: Session, service_id: int, *, actor: Actor | None, now: datetime) -> None:
    """Ask the worker to look at a service at once.

    Raises:
        Invalid: it is paused.
        NotFound, PermissionDenied.
    """
    service = _find_locked(session, service_id, actor)
    if service.paused:
        raise Invalid(f"{service.name} is paused; resume it first")
    _set_state(session, service_id, next_check_at=now)


@noted("service", "paused")
def pause(
    session: Session,
    service_id: int,
    *,
    until_at: datetime | None = None,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Stop looking at a service, until an instant or until it is resumed; an open incident ends.

    Raises:
        Invalid: the instant is past, or over a year away.
        NotFound, PermissionDenied.
    """
    if until_at is not None and not now < until_at <= now + LONGEST_PAUSE:
        raise Invalid("must lie in the future, at most a year away", "until_at")
    _switch(session, service_id, paused=True, actor=actor, now=now)
    session.get_one(Service, service_id).paused_until = until_at
    session.flush()


@noted("service", "resumed")
def resume(session: Session, service_id: int, *, actor: Actor | None, now: datetime) -> None:
    """Look at a paused service again, at once.

    Raises:
        NotFound, PermissionDenied.
    """
    _switch(session, service_id, paused=False, actor=actor, now=now)
    session.flush()


def pause_is_over(now: Any) -> Any:
    """Services that are to be resumed."""
    return col(Service.paused_until) <= now


def resume_over(session: Session, *, now: datetime) -> int:
    """Resume the services whose pause is over; returns how many."""
    over = select(Service.id).where(pause_is_over(now)).limit(RESUMED_AT_ONCE)
    service_ids = session.exec(over).all()
    if not service_ids:
        return 0
    lock_services(session, service_ids)
    for service_id in service_ids:
        service = session.get(Service, service_id, populate_existing=True)
        if service is not None and service.paused_until is not None and service.paused_until <= now:
            service.revision += 1
            set_paused(session, [service], False, now=now)
            session.flush()
            subject = snapshot(session, "service", service_id)
            write_entry(session, "resumed", "service", subject, actor=None, now=now)
    return len(service_ids)


def _switch(
    session: Session, service_id: int, *, paused: bool, actor: Actor | None, now: datetime
) -> None:
    """Pause or resume. It is an edit: a form that was opened before would undo it."""
    service = _find_locked(session, service_id, actor)
    if paused is not service.paused:
        service.revision += 1
    set_paused(session, [service], paused, now=now)


def complete(fields: Mapping[str, Any]) -> tuple[dict[str, Any], ProbeConfig]:
    """``fields`` with every default filled in, as they would be stored, secrets in the clear; and
    the config among them.

    Raises:
        Invalid: a field is wrong.
    """
    wanted, config = _read(fields, stored=None)
    columns = _columns(wanted, config)
    return {**columns, "config": crypto.unseal(columns["config"])}, config


def _find_locked(session: Session, service_id: int, actor: Actor | None) -> Service:
    service = None
    if is_id(service_id):
        lock_services(session, [service_id])
        service = session.get(Service, service_id, populate_existing=True)
    if service is None:
        raise NotFound("this service does not exist")
    find_host(session, service.host_id, actor=actor, thing="service")
    return service


def _read(
    fields: Mapping[str, Any], *, stored: Service | None
) -> tuple[ServiceFields, ProbeConfig]:
    return both(lambda: validated(ServiceFields, fields), lambda: _config(fields, stored))


def _columns(wanted: ServiceFields, config: ProbeConfig) -> dict[str, Any]:
    """The columns of `Service`, the config's secrets encrypted."""
    columns = wanted.model_dump()
    columns["config"] = crypto.seal(config)
    columns["interval_seconds"] = wanted.interval_seconds or PROBES[wanted.kind].interval_seconds
    return columns


def _config(fields: Mapping[str, Any], stored: Service | None) -> ProbeConfig:
    """The wanted config with the stored value wherever it says `KEEP`."""
    name, typed = str(fields.get("kind", "")).strip(), fields.get("config", {})
    kind = PROBES.get(name)
    if kind is None:
        raise Invalid(f"there is no kind {name}; known are {', '.join(PROBES)}", "kind")
    kept = crypto.unseal(stored.config) if stored is not None and stored.kind == name else {}
    wanted = merged(typed if isinstance(typed, Mapping) else {}, kept)
    return validated(kind.config, wanted, within="config")


def _looks_elsewhere(service: Service, wanted: Mapping[str, Any]) -> bool:
    """Whether kind or config change. Secrets are compared in the clear: no two tokens are equal."""
    if service.kind != wanted["kind"]:
        return True
    same: bool = crypto.unseal(service.config) == crypto.unseal(wanted["config"])
    return not same


def _require_free_name(session: Session, host_id: int, name: str) -> None:
    taken = select(Service.id).where(Service.host_id == host_id, Service.name == name)
    if session.exec(taken).first() is not None:
        raise Invalid(f"this host has a service {name} already", "name")


def _require_address(host: Any, config: ProbeConfig) -> None:
    if not host.address and config.needs_address:
        because = f"needs the address of its host: give {host.name} an address first"
        raise Invalid(because, "kind")


def _require_revision(service: Service, revision: int | None, columns: Mapping[str, Any]) -> None:
    stored = service.model_dump() | {"config": crypto.unseal(service.config)}
    wanted = {name: crypto.unseal(value) for name, value in columns.items()}
    require_revision("service", revision, service.revision, stored, wanted)


def require_login(host: Any, kind: str, config: ProbeConfig) -> None:
    """Refuse a service that logs in at a host where nobody can.

    Raises:
        Invalid: otherwise.
    """
    if config.needs_login and not host.ssh:
        because = f"logs in to its host: give {host.name} SSH access first"
        raise Invalid(because, "kind" if kind != "ssh" else "config.login")


def _require_secrets_again(
    service: Service, kind: str, fields: Mapping[str, Any], config: ProbeConfig
) -> None:
    """Stored secrets go to no server that is not known yet: who sends them there must have them."""
    kept = {name for name, value in fields["config"].items() if value is KEEP}
    kept &= {path.partition(".")[0] for path in secret_paths(service.config)}
    if not kept or service.kind != kind:
        return
    try:
        before = type(config).model_validate(crypto.unseal(service.config)).places
    except ValidationError:
        before = {}
    if set(config.places.values()) - set(before.values()):
        raise Invalid("enter it again: it would be sent to another server", f"config.{min(kept)}")


def _require_reachable(session: Session, host: Any, config: ProbeConfig, *, limited: bool) -> None:
    """Refuse what would never be looked at. The host's own address is judged with the host, but
    for somebody who may not look at all that others may."""
    places = places_of(config, host.address if limited else "")
    require_reachable(session, host.namespace_id, places, limited=limited or host.limited)


def untouched_state(service: Service, now: datetime) -> dict[str, Any]:
    """The columns of the `ServiceState` of a service that nobody has looked at yet: due at once."""
    return {
        "service_id": service.id,
        "status": Status.PAUSED if service.paused else Status.UNKNOWN,
        "since": now,
        "up_since": now,
        "down_since": now,
        "next_check_at": None if service.paused else now,
    }


def _due_again(session: Session, service: Service, *, starts_over: bool, now: datetime) -> None:
    if starts_over:
        _set_state(session, service.id, up_count=0, down_count=0)
        heartbeats.expect_again(session, [service.id], now=now)
    if not service.paused:
        _set_state(session, service.id, next_check_at=now)


def _set_state(session: Session, service_id: int, **columns: Any) -> None:
    """Write only these columns: the worker may be about to write the others."""
    session.execute(
        update(ServiceState)
        .where(col(ServiceState.service_id) == service_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
