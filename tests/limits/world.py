"""Two namespaces. All of IATI is open, all of DI is hidden: its names and ids say so."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session
from sqlmodel import select as sqlmodel_select

from tests import factories
from webmon.clock import utcnow
from webmon.commands.accounts.passwords import HashedPassword
from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.inventory.packing import pack
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.notifications.news import Event
from webmon.models import (
    Activity,
    Deleted,
    DowntimeOccurrence,
    Incident,
    Mute,
    Notification,
    Trial,
    metadata,
)
from webmon.origin import Way

MARK = "hidden"
FIRST_HIDDEN = 1_842_000_001
"""Long, so that no time and no hash has these digits by chance."""
NEVER_SENT = 1_843_000_001
"""The id of another host of DI, which no test says."""
TRIAL = 77_001
DELETED = 88_001
HIDDEN = (MARK, "184200000", "184300000", "$argon2", "s3cret", "$secret")
"""What never reaches somebody who is limited to IATI: names, ids, hashes and secrets."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The ids of one namespace's things."""

    namespace: int
    host: int
    service: int
    channel: int
    incident: int
    mute: int
    notification: int
    downtime: int
    occurrence: int
    slot_at: Any
    user: int
    entry: int
    """Of the activity: the host was renamed."""


def build(session: Session) -> tuple[Rows, Rows]:
    """IATI with its editor, and DI with its own; everything there is of each kind."""
    iati, di = _fill(session, "iati", "open", 0), _fill(session, "di", MARK, FIRST_HIDDEN)
    name = f"another {MARK} host"
    factories.host(session, name, namespace_id=di.namespace, id=NEVER_SENT)
    factories.service(session, name, host_id=NEVER_SENT, id=NEVER_SENT)
    outcome = {"status": "up", "message": f"{MARK} outcome"}
    session.add(
        Deleted(
            id=DELETED,
            user_id=di.user,
            thing="host",
            names=[f"{MARK} old host"],
            deleted_at=utcnow(),
            until_at=utcnow() + timedelta(hours=1),
            rows=pack({}),
        )
    )
    session.add(
        Trial(id=TRIAL, user_id=di.user, thing="service", outcome=outcome, asked_at=utcnow())
    )
    session.flush()
    return iati, di


def _fill(session: Session, slug: str, mark: str, first: int) -> Rows:
    key = {"id": first} if first else {}
    now = utcnow()
    space = factories.namespace(session, slug, name=f"{mark} namespace", **key).id
    host = factories.host(
        session,
        f"{mark} host",
        namespace_id=space,
        address=f"{mark}.example",
        host_keys={"22": {"type": "x", "fingerprint": f"{mark} key", "first_seen_at": "x"}},
        **key,
    ).id
    service = factories.service(session, f"{mark} service", host_id=host, **key).id
    channel = factories.channel(session, f"{mark} channel", namespace_id=space, **key).id
    user = factories.user(
        session, f"{mark}@example.org", Role.EDITOR, namespace_ids=[space], name=mark, **key
    )
    user.password_hash = HashedPassword(f"$argon2 of {mark}")
    incident = Incident(service_id=service, opened_at=now, message=f"{mark} message", **key)
    session.add(incident)
    session.flush()
    end = now + timedelta(hours=1)
    mute = Mute(
        host_id=host, reason=f"{mark} reason", until_at=end, created_at=now, created_by=mark, **key
    )
    notification = Notification(
        channel_id=channel,
        cause=f"{mark} cause",
        event=Event.DOWN,
        payload={"event": "down", "told_at": now.isoformat(), "host": f"{mark} host"},
        namespace_id=space,
        host_id=host,
        service_id=service,
        incident_id=incident.id,
        created_at=now,
        **key,
    )
    edited = Activity(
        at=now,
        way=Way.APP,
        actor=f"{mark}@example.org",
        verb="changed",
        thing="host",
        thing_id=host,
        name=f"{mark} host",
        namespace_id=space,
        changes={"name": [f"{mark} name", f"{mark} host"]},
        **key,
    )
    session.add_all([mute, notification, edited])
    session.flush()
    fields = {
        "namespace_id": space,
        "host_ids": [host],
        "title": f"{mark} downtime",
        "message": f"{mark} words",
        "starts_at": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        "timezone": "UTC",
        "duration_seconds": 3600,
    }
    downtime = plan_downtime(session, fields, actor=None, now=now)
    occurrence = session.exec(
        sqlmodel_select(DowntimeOccurrence).where(DowntimeOccurrence.downtime_id == downtime.id)
    ).one()
    return Rows(
        namespace=space,
        host=host,
        service=service,
        channel=channel,
        incident=incident.id,
        mute=mute.id,
        notification=notification.id,
        downtime=downtime.id,
        occurrence=occurrence.id,
        slot_at=occurrence.slot_at,
        user=user.id,
        entry=edited.id,
    )


def actor(session: Session, rows: Rows, role: Role) -> Actor:
    """Somebody of this namespace alone, who has just confirmed who they are."""
    found = factories.user(session, "me@example.org", role, namespace_ids=[rows.namespace], id=77)
    session.flush()
    return Actor(found.id, found.email, role, frozenset({rows.namespace}), utcnow())


def contents(session: Session, but: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """All rows of all tables, for a comparison."""
    session.flush()
    return {
        each.name: [tuple(row) for row in session.execute(select(each).order_by(*each.primary_key))]
        for each in metadata.sorted_tables
        if each.name not in but
    }


def hidden_rows(session: Session) -> dict[str, list[Any]]:
    """The rows that show DI's mark or one of its ids."""
    found = contents(session, but=("activity",))
    return {
        name: [row for row in rows if MARK in repr(row) or "184200000" in repr(row)]
        for name, rows in found.items()
    }
