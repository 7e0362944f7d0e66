"""Delete for good, and keep for some seconds what is needed to undo it.

A deletion that can be undone is one like any other: nobody sees, checks or reports what is gone,
and its name is free. What the database deletes with it is kept in `Deleted`, in the same
transaction. The many results and hours need not be: they outlive their service for a while, and
stay while something can come back (`commands.history.retention`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, select, update
from sqlmodel import Session, col, delete

from webmon.commands.accounts.activity import write_entries, write_entry
from webmon.commands.accounts.snapshots import Snapshot, changes_between, snapshot, snapshot_of
from webmon.commands.inventory import packing
from webmon.commands.inventory.hosts import delete_host
from webmon.commands.inventory.namespaces import delete_namespace
from webmon.commands.inventory.services import delete_service
from webmon.commands.locks import lock_services
from webmon.commands.notifications import announcements
from webmon.commands.notifications.channels import delete_channel
from webmon.commands.notifications.leases import lock_channels
from webmon.commands.notifications.outbox import OUTBOX, row
from webmon.db import Collision
from webmon.domain.accounts.access import Actor, Role, require, require_theirs
from webmon.domain.ids import is_id
from webmon.domain.notifications.news import Event
from webmon.errors import Invalid, NotFound
from webmon.models import Channel, Deleted, Host, Namespace, Service, ServiceState
from webmon.models.columns import table
from webmon.models.notifications import Delivery

UNDO_FOR = timedelta(seconds=12)
"""Ten seconds to see it, and the way there and back."""

TOO_LATE = "it is too late to undo this"
TAKEN = (
    "this cannot be undone: the name was given to something else meanwhile, or what it belonged to "
    "is gone"
)

DELETE: Mapping[str, tuple[Any, Callable[..., None]]] = {
    "namespace": (Namespace, delete_namespace),
    "host": (Host, delete_host),
    "service": (Service, delete_service),
    "channel": (Channel, delete_channel),
}

OPEN = (row.id, row.channel_id, row.service_id, row.is_open, row.is_muted, row.remind_at)
WAITING = (row.delivery, row.ready_at, row.reason)
"""What a deletion changes of the notifications of channels that stay."""


def delete_for_now(
    session: Session, thing: str, row_ids: Sequence[int], *, actor: Actor, now: datetime
) -> int:
    """Delete things of one sort; returns the id with which `undo_deletion` brings them back.

    That their watching has ended is told to channels once that is too late.

    Raises:
        Invalid, NotFound, PermissionDenied: as the command that deletes one of them.
    """
    if thing not in DELETE:
        raise Invalid(f"only these can be brought back: {', '.join(DELETE)}")
    forget_deleted(session, now=now)  # also where no worker runs
    model, command = DELETE[thing]
    ids = [each for each in dict.fromkeys(row_ids) if is_id(each)]
    lock_services(session, _services(thing, ids))
    if thing == "channel":
        lock_channels(session, ids)
    rows = packing.rows_with(session, table(model), ids, locked=DELETE)
    services = [each["id"] for each in rows.get("service", ())]
    before = _open_notifications(session, services)
    if thing == "host" and len(ids) > 1:
        _delete_hosts(session, ids, services, actor=actor, now=now)
    else:
        for row_id in ids or [0]:
            command(session, row_id, actor=actor, now=now)
    _hold_news(session, services, now)
    names = [each["name"] for each in rows[table(model).name]]
    kept = Deleted(
        user_id=actor.user_id,
        thing=thing,
        names=names,
        deleted_at=now,
        until_at=now + UNDO_FOR,
        rows=packing.pack(rows | {OUTSIDE: before}),
    )
    session.add(kept)
    session.flush()
    return kept.id


def _delete_hosts(
    session: Session, ids: Sequence[int], services: Sequence[int], *, actor: Actor, now: datetime
) -> None:
    """As `delete_host` deletes one, in a few statements."""
    rows = select(table(Host), table(Namespace).c.slug).join(table(Namespace))
    found = session.execute(rows.where(table(Host).c.id.in_(ids)).order_by(table(Host).c.id))
    subjects = []
    for each in found.mappings():
        require_theirs(actor, Role.EDITOR, each["namespace_id"], "host")
        fields = {name: value for name, value in each.items() if name != "slug"}
        subjects.append(snapshot_of(fields, namespace_id=each["namespace_id"], slug=each["slug"]))
    if len(subjects) < len(ids):
        raise NotFound("one of these hosts does not exist")
    announcements.end_watching(session, services, "was deleted", now=now)
    session.execute(delete(Host).where(col(Host.id).in_(ids)))
    session.expire_all()
    gone = [(subject, changes_between(subject, None)) for subject in subjects]
    write_entries(session, "deleted", "host", gone, actor=actor, now=now)


OUTSIDE = ""
"""Under this name stand the notifications that were changed, beside the rows that are gone."""


class Back(NamedTuple):
    """The names of what is back, and of what cannot be: its name is taken, or what it belonged to
    is gone."""

    names: list[str]
    left: list[str]


def undo_deletion(session: Session, deleted_id: int, *, actor: Actor, now: datetime) -> Back:
    """Bring back what the person has just deleted, with its history.

    Raises:
        NotFound: it is too late, or somebody else has deleted it.
        Invalid: nothing of it can come back.
        PermissionDenied.
    """
    kept = session.get(Deleted, deleted_id, with_for_update=True) if is_id(deleted_id) else None
    if kept is None or kept.user_id != actor.user_id or not _is_in_time(kept, now):
        raise NotFound(TOO_LATE)
    require(actor, Role.ADMIN if kept.thing == "channel" else Role.EDITOR)
    packed = packing.unpack(kept.rows)
    before = packed.pop(OUTSIDE, [])
    names = [each["name"] for each in packed[kept.thing]]
    packing.drop_unfit(session, packed, table(DELETE[kept.thing][0]))
    roots = packed[kept.thing]
    try:
        if not roots:
            raise Invalid(TAKEN)
        with session.begin_nested():
            packing.insert_rows(session, packed)
    except Collision:
        raise Invalid(TAKEN) from None
    session.expire_all()
    services = [each["id"] for each in packed.get("service", ())]
    _release(session, services)
    _take_back_news(session, services, before, kept.deleted_at)
    if kept.thing == "host":
        subjects = [Snapshot(each["id"], each["name"], each["namespace_id"], {}) for each in roots]
        no_changes: dict[str, Any] = {}
        entries = [(subject, no_changes) for subject in subjects]
        write_entries(session, "restored", "host", entries, actor=actor, now=now)
    else:
        for each in roots:
            subject = snapshot(session, kept.thing, each["id"])
            write_entry(session, "restored", kept.thing, subject, actor=actor, now=now)
    session.delete(kept)
    session.flush()
    back = [each["name"] for each in roots]
    return Back(back, sorted((Counter(names) - Counter(back)).elements()))


def is_too_late(now: Any) -> Any:
    """What cannot be brought back any more, also where the clock was set back."""
    return (col(Deleted.until_at) <= now) | (col(Deleted.deleted_at) > now)


def forget_deleted(session: Session, *, now: datetime) -> None:
    """Throw away what it is too late to bring back."""
    session.exec(delete(Deleted).where(is_too_late(now)))


def _is_in_time(kept: Deleted, now: datetime) -> bool:
    return kept.deleted_at <= now < kept.until_at


def _services(thing: str, ids: Sequence[int]) -> Select[Any]:
    wanted = select(col(Service.id)).join(Host)
    owner = {"namespace": col(Host.namespace_id), "host": col(Host.id)}
    return wanted.where(owner.get(thing, col(Service.id)).in_(ids if thing != "channel" else []))


def _open_notifications(session: Session, services: Sequence[int]) -> list[dict[str, Any]]:
    found = session.execute(
        select(*OPEN, *WAITING).where(row.is_open, row.service_id.in_(services))
    )
    return [dict(each) for each in found.mappings()]


def _ended(services: Sequence[int], deleted_at: datetime) -> tuple[Any, ...]:
    """What tells the news that the watching of these services has ended by this deletion."""
    return (
        row.service_id.in_(services),
        row.event == Event.UP,
        row.created_at == deleted_at,
    )


def _hold_news(session: Session, services: Sequence[int], now: datetime) -> None:
    waits = row.ready_at.is_not(None)
    session.execute(
        update(OUTBOX).where(*_ended(services, now), waits).values(ready_at=now + UNDO_FOR)
    )


def _take_back_news(
    session: Session,
    services: Sequence[int],
    before: Sequence[Mapping[str, Any]],
    deleted_at: datetime,
) -> None:
    """Channels that were not told yet know of the outages as before."""
    ended = _ended(services, deleted_at)
    session.execute(delete(OUTBOX).where(*ended, row.sent_at.is_(None), row.told_with.is_(None)))
    told = {
        tuple(each)
        for each in session.execute(select(row.channel_id, row.service_id).where(*ended))
    }
    for each in before:
        if (each["channel_id"], each["service_id"]) in told:
            continue
        this = row.id == each["id"]
        values = {name: each[name] for name in ("is_open", "is_muted", "remind_at")}
        session.execute(update(OUTBOX).where(this).values(**values))
        if each["delivery"] == Delivery.QUEUED:
            waiting = {name: each[name] for name in ("delivery", "ready_at", "reason")}
            taken_back = row.delivery == Delivery.SUPPRESSED
            session.execute(update(OUTBOX).where(this, taken_back).values(**waiting))


def _release(session: Session, services: Sequence[int]) -> None:
    """Have a check that was under way made again: its outcome has found nothing to belong to."""
    state = table(ServiceState)
    under_way = state.c.service_id.in_(services), state.c.lease_until.is_not(None)
    session.execute(
        update(state)
        .where(*under_way)
        .values(next_check_at=state.c.due_at, lease_until=None, worker_id=None)
    )
