"""Plan downtime: store what is wanted, its scope and its first occurrences."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete
from sqlmodel import Session, col, select

from webmon.commands.accounts.activity import noted
from webmon.commands.downtimes.fields import Wanted, read_wanted
from webmon.commands.downtimes.occurrences import BACK, fill
from webmon.commands.history.daily_uptime import unsettle
from webmon.commands.locks import lock_services
from webmon.domain.accounts.access import Actor
from webmon.domain.history.calendar import utc_day
from webmon.errors import Invalid
from webmon.models import (
    Downtime,
    DowntimeChannel,
    DowntimeHost,
    DowntimeOccurrence,
    DowntimeService,
    Host,
    Service,
)
from webmon.models.columns import table
from webmon.queries.downtimes.windows import covered_services

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@noted("downtime", "planned")
def plan_downtime(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Downtime:
    """Plan a downtime (`DowntimeFields`); what is due of it already is told at once.

    One in the past is left out of the statistics, and nobody is told.

    Raises:
        Invalid, PermissionDenied.
    """
    wanted = read_wanted(session, fields, actor)
    require_free_key(session, wanted.fields.key, wanted.fields.namespace_id)
    lock_services(session, services_of(wanted))
    downtime = new_downtime(session, wanted, actor=actor, now=now)
    fill(session, downtime, now=now)
    recount_all(session, downtime, now)
    return downtime


def new_downtime(
    session: Session,
    wanted: Wanted,
    *,
    actor: Actor | None,
    now: datetime,
    occurs_until: datetime = EPOCH,
) -> Downtime:
    """The row and its scope, without occurrences."""
    downtime = Downtime(
        **wanted.columns(),
        uid=f"{uuid4()}@webmon",
        key=wanted.fields.key,
        occurs_until=occurs_until,
        created_at=now,
        created_by=actor.email if actor is not None else None,
        changed_at=now,
    )
    session.add(downtime)
    session.flush()
    store_scope(session, downtime, wanted)
    return downtime


def store_scope(session: Session, downtime: Downtime, wanted: Wanted) -> None:
    """Replace the scope and the chosen channels."""
    for model in (DowntimeHost, DowntimeService, DowntimeChannel):
        session.execute(delete(model).where(table(model).c.downtime_id == downtime.id))
    rows: list[Any] = []
    if not wanted.scope.whole_namespace:
        rows += [
            DowntimeHost(downtime_id=downtime.id, host_id=key) for key in wanted.scope.host_ids
        ]
        rows += [
            DowntimeService(downtime_id=downtime.id, service_id=key)
            for key in wanted.scope.service_ids
        ]
    chosen = dict.fromkeys(wanted.fields.channel_ids or ())
    rows += [DowntimeChannel(downtime_id=downtime.id, channel_id=key) for key in chosen]
    session.add_all(rows)
    session.flush()


def services_of(wanted: Wanted) -> Any:
    """A select of the services in the scope."""
    scope, found = wanted.scope, select(Service.id).join(Host)
    if scope.whole_namespace:
        return found.where(col(Host.namespace_id) == wanted.fields.namespace_id)
    return found.where(col(Host.id).in_(scope.host_ids) | col(Service.id).in_(scope.service_ids))


def services_now(session: Session, wanted: Wanted) -> Iterable[int]:
    """The ids of the services in the scope."""
    return list(session.exec(services_of(wanted)))


def recount_all(session: Session, downtime: Downtime, now: datetime) -> None:
    """Count all days again that this downtime has a part in."""
    earliest = session.exec(
        select(DowntimeOccurrence.starts_at)
        .where(DowntimeOccurrence.downtime_id == downtime.id)
        .where(col(DowntimeOccurrence.starts_at).between(now - BACK, now))
        .order_by(col(DowntimeOccurrence.starts_at))
        .limit(1)
    ).all()
    recount(session, downtime, earliest)


def recount(session: Session, downtime: Downtime, instants: Iterable[datetime]) -> None:
    """Count the uptime of its services again, from the earliest of these instants on.

    Their states are locked already.
    """
    if earliest := min(instants, default=None):
        services = covered_services(session, [downtime.id])[downtime.id]
        unsettle(session, dict.fromkeys(sorted(services), utc_day(earliest)))


def require_free_key(
    session: Session, key: str | None, namespace_id: int, besides: int | None = None
) -> None:
    """Raises Invalid where another downtime of the namespace than ``besides`` has that key."""
    taken = select(Downtime.id).where(
        Downtime.key == key, Downtime.namespace_id == namespace_id, Downtime.id != besides
    )
    if key is not None and session.exec(taken).first() is not None:
        raise Invalid(f"there is a downtime {key} in this namespace already", "key")
