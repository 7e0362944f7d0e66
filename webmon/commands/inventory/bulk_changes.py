"""Change many hosts and services at once: everything in one transaction, or nothing.

What is returned undoes it, except what somebody has changed since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from webmon.commands.accounts.activity import write_entries
from webmon.commands.accounts.snapshots import Snapshot
from webmon.commands.inventory.hosts import update_host
from webmon.commands.inventory.pausing import set_paused
from webmon.commands.inventory.services import Interval
from webmon.commands.inventory.undoing import delete_for_now, undo_deletion
from webmon.commands.locks import lock_services
from webmon.commands.validation import Fields, validated
from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.tags import read_tags
from webmon.errors import Invalid
from webmon.models import Host, Service, ServiceState
from webmon.models.columns import table
from webmon.probes import PROBES

RECEIVING = frozenset(name for name, kind in PROBES.items() if kind.receives)
PAUSE, RESUME, NAMESPACE, ADD_TAG, REMOVE_TAG, DELETE = (
    "pause", "resume", "namespace", "add_tag", "remove_tag", "delete",
)  # fmt: skip
OF_HOSTS = (NAMESPACE, ADD_TAG, REMOVE_TAG, DELETE)
HOST_FIELDS = {"name", "namespace_id", "address", "public", "tags"}


class BulkFields(Fields):
    """What can be set for many services at once."""

    interval_seconds: Interval | None = None
    timeout_seconds: float | None = Field(default=None, ge=0.1, le=120, allow_inf_nan=False)
    retry_seconds: int | None = Field(default=None, ge=1, le=3600)
    failures_to_down: int | None = Field(default=None, ge=1, le=20)
    successes_to_up: int | None = Field(default=None, ge=1, le=20)


OF_SERVICES = (PAUSE, RESUME, *BulkFields.model_fields)


@dataclass(frozen=True, slots=True)
class Done:
    """What was changed, and how to undo it."""

    what: str
    """The action, or the name of the field."""
    count: int = 0
    before: Mapping[int, Any] = field(default_factory=dict)
    """The values before, by the id of the service or host."""
    revisions: Mapping[int, int] = field(default_factory=dict)
    """Those that they have got by it: another one means that somebody has changed it since."""
    deleted_id: int = 0
    """Of `undoing.delete_for_now`, where they were deleted."""


def change_services(
    session: Session,
    service_ids: Sequence[int],
    what: str,
    value: Any = None,
    *,
    actor: Actor,
    now: datetime,
) -> Done:
    """Pause or resume services, or set one of `BulkFields` in all of them.

    An interval is left alone where nobody looks: jobs that report in.

    Raises:
        Invalid: there is no such action, or the value is wrong.
        PermissionDenied: the person may change nothing.
    """
    if what not in OF_SERVICES:
        raise Invalid("this cannot be done with services")
    rows = _services(session, service_ids, actor)
    if what in (PAUSE, RESUME):
        before: dict[int, Any] = {row.id: row.paused for row in rows}
        set_paused(session, rows, what == PAUSE, now=now)
        changed = [row for row in rows if row.paused is not before[row.id]]
    else:
        value = getattr(validated(BulkFields, {what: value}), what)
        if value is None:
            raise Invalid("is required", what)
        changed = [
            row
            for row in rows
            if getattr(row, what) != value
            and not (what == "interval_seconds" and row.kind in RECEIVING)
        ]
        before = {row.id: getattr(row, what) for row in changed}
        _set(session, {row.id: value for row in changed}, what, now)
    done = _raise_revisions(session, what, changed, before)
    after = what == PAUSE if what in (PAUSE, RESUME) else value
    changes = _changes(what, done.before, dict.fromkeys(done.before, after))
    _note(session, _verb(what), changed, changes, actor, now)
    return done


def change_hosts(
    session: Session,
    host_ids: Sequence[int],
    what: str,
    value: Any = None,
    *,
    actor: Actor,
    now: datetime,
) -> Done:
    """Move hosts to a namespace, add or remove a tag of theirs, or delete them.

    Raises:
        Invalid: the value is wrong, or a name is taken where a host is moved to.
        PermissionDenied: the person may change nothing.
    """
    if what not in OF_HOSTS:
        raise Invalid("this cannot be done with hosts")
    hosts = _hosts(session, host_ids, actor)
    if what == DELETE:
        ids = [host.id for host in hosts]
        kept = delete_for_now(session, "host", ids, actor=actor, now=now) if ids else 0
        return Done(what, len(hosts), deleted_id=kept)
    name = "namespace_id" if what == NAMESPACE else "tags"
    before = {host.id: getattr(host, name) for host in hosts}
    wanted = {host.id: _wanted(host, what, value) for host in hosts}
    return _change_hosts(session, hosts, name, before, wanted, actor, now)


def undo(session: Session, done: Done, *, actor: Actor, now: datetime) -> tuple[int, list[str]]:
    """Give everything the value that it had, but what somebody has changed since.

    Returns how many were given back, and the names of the others.

    Raises:
        Invalid, PermissionDenied.
    """
    if done.deleted_id:
        back = undo_deletion(session, done.deleted_id, actor=actor, now=now)
        return len(back.names), back.left
    of_hosts = done.what in ("namespace_id", "tags")
    find = _hosts if of_hosts else _services
    rows: Sequence[Any] = find(session, list(done.before), actor)
    same = [row for row in rows if row.revision == done.revisions.get(row.id)]
    others = [row.name for row in rows if row.revision != done.revisions.get(row.id)]
    before = {row.id: done.before[row.id] for row in same}
    name = "paused" if done.what in (PAUSE, RESUME) else done.what
    were = {row.id: getattr(row, name) for row in same}
    if of_hosts:
        _change_hosts(session, same, done.what, were, before, actor, now)
    elif done.what in (PAUSE, RESUME):
        for paused in (True, False):
            set_paused(session, [row for row in same if before[row.id] is paused], paused, now=now)
    else:
        _set(session, before, done.what, now)
    if not of_hosts:
        _raise_revisions(session, done.what, same, before)
        _note(session, "changed", same, _changes(done.what, were, before), actor, now)
    return len(same), sorted(others)


def _services(session: Session, service_ids: Sequence[int], actor: Actor) -> Sequence[Service]:
    lock_services(session, service_ids)
    rows = session.exec(
        select_rows(Service, Host.namespace_id)
        .join(Host)
        .where(col(Service.id).in_(service_ids))
        .order_by(col(Service.id))
        .execution_options(populate_existing=True)
    ).all()
    require(actor, Role.EDITOR)
    return [row for row, namespace_id in rows if actor.sees(namespace_id)]


def _hosts(session: Session, host_ids: Sequence[int], actor: Actor) -> Sequence[Host]:
    # All at once, in the one order of all writers.
    lock_services(session, select(col(Service.id)).where(col(Service.host_id).in_(host_ids)))
    hosts = session.exec(
        select_rows(Host)
        .where(col(Host.id).in_(host_ids))
        .order_by(col(Host.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    require(actor, Role.EDITOR)
    return [host for host in hosts if actor.sees(host.namespace_id)]


def _wanted(host: Host, what: str, value: Any) -> Any:
    if what == NAMESPACE:
        return value
    try:
        tags = set(read_tags([value]))
        if not tags:
            raise Invalid("is required", "tag")
        now_so = set(host.tags)
        return read_tags(sorted(now_so | tags if what == ADD_TAG else now_so - tags))
    except ValueError as error:
        raise Invalid(str(error), "tag") from None


def _change_hosts(
    session: Session,
    hosts: Sequence[Host],
    name: str,
    before: Mapping[int, Any],
    wanted: Mapping[int, Any],
    actor: Actor,
    now: datetime,
) -> Done:
    if name == "tags":
        return _tag_hosts(session, hosts, before, wanted, actor, now)
    revisions = {}
    for host in hosts:
        if wanted[host.id] == before[host.id]:
            continue
        fields = {**host.model_dump(include=HOST_FIELDS), name: wanted[host.id]}
        try:
            saved = update_host(session, host.id, fields, actor=actor, now=now)
        except Invalid as error:
            raise Invalid(f"{fields['name']}: {error.message}", error.field) from None
        revisions[host.id] = saved.revision
    changed = {key: value for key, value in before.items() if key in revisions}
    return Done(name, len(changed), changed, revisions)


def _tag_hosts(
    session: Session,
    hosts: Sequence[Host],
    before: Mapping[int, Any],
    wanted: Mapping[int, Any],
    actor: Actor,
    now: datetime,
) -> Done:
    """Tags change nothing else, so that all are written at once."""
    changed = [host for host in hosts if wanted[host.id] != before[host.id]]
    for host in changed:
        host.tags = wanted[host.id]
        host.revision += 1
    session.flush()
    entries = [
        (Snapshot(host.id, host.name, host.namespace_id, {}), _tags_differ(before, host))
        for host in changed
    ]
    write_entries(session, "changed", "host", entries, actor=actor, now=now)
    kept = {host.id: before[host.id] for host in changed}
    return Done("tags", len(changed), kept, {host.id: host.revision for host in changed})


def _tags_differ(before: Mapping[int, Any], host: Host) -> dict[str, Any]:
    """As the activity tells it: no tags are nothing."""
    return {"tags": [before[host.id] or None, host.tags or None]}


def _set(session: Session, values: Mapping[int, Any], name: str, now: datetime) -> None:
    """Set a column of services. A shorter interval begins spread over its length."""
    by_value: dict[Any, list[int]] = {}
    for service_id, value in values.items():
        by_value.setdefault(value, []).append(service_id)
    states = table(ServiceState)
    for value, ids in by_value.items():
        session.execute(update(Service).where(col(Service.id).in_(ids)).values({name: value}))
        if name != "interval_seconds":
            continue
        late = states.c.next_check_at > now + timedelta(seconds=value)
        waiting = session.scalars(
            select(states.c.service_id).where(states.c.service_id.in_(ids), late)
        ).all()
        soon = update(states).where(states.c.service_id == bindparam("key"))
        if waiting:
            session.connection().execute(
                soon.values(next_check_at=bindparam("at")),
                [{"key": key, "at": now + timedelta(seconds=key % value)} for key in waiting],
            )


def _raise_revisions(
    session: Session, what: str, rows: Sequence[Service], before: Mapping[int, Any]
) -> Done:
    ids = [row.id for row in rows]
    session.flush()
    session.execute(
        update(Service)
        .where(col(Service.id).in_(ids))
        .values(revision=Service.revision + 1)
        .execution_options(synchronize_session=False)
    )
    revisions = session.execute(
        select(col(Service.id), col(Service.revision)).where(col(Service.id).in_(ids))
    )
    kept = {key: before[key] for key in ids}
    return Done(what, len(ids), kept, {row.id: row.revision for row in revisions})


def _note(
    session: Session,
    verb: str,
    rows: Sequence[Service],
    changes: Mapping[int, Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> None:
    """An entry for each service, as if it had been changed alone."""
    hosts = session.execute(
        select(col(Host.id), col(Host.name), col(Host.namespace_id)).where(
            col(Host.id).in_({row.host_id for row in rows})
        )
    )
    found = {host_id: (name, namespace_id) for host_id, name, namespace_id in hosts}
    subjects = []
    for row in rows:
        name, namespace_id = found[row.host_id]
        subject = Snapshot(row.id, f"{name} / {row.name}", namespace_id, {})
        subjects.append((subject, changes.get(row.id, {})))
    write_entries(session, verb, "service", subjects, actor=actor, now=now)


def _verb(what: str) -> str:
    return {PAUSE: "paused", RESUME: "resumed"}.get(what, "changed")


def _changes(
    what: str, before: Mapping[int, Any], after: Mapping[int, Any]
) -> dict[int, dict[str, Any]]:
    name = "paused" if what in (PAUSE, RESUME) else what
    return {key: {name: [before[key], after[key]]} for key in before}
