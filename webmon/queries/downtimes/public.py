"""Planned downtime as anyone may see it: what is to come, goes on, or ended within a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from webmon.domain.downtimes.life_cycle import COUNTED_STATES, State
from webmon.models import Namespace
from webmon.models.columns import table
from webmon.queries.downtimes.scopes import Covered, scopes
from webmon.queries.downtimes.windows import DOWNTIMES, FIRST, OCCURRENCES, downtime, occurrence

NAMESPACES = table(Namespace)
SHOWN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PublicOccurrence:
    """One time of a downtime. ``hosts`` are the names of public ones.

    ``state`` is ``scheduled``, ``started`` or ``finished``, by the time; of a series only the next
    one that is to come is shown, besides those that were announced.
    """

    id: int
    downtime_id: int
    title: str
    message: str
    namespace: str
    hosts: tuple[str, ...]
    host_ids: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime
    state: str
    changed_at: datetime


def public_downtimes(session: Session, *, now: datetime) -> tuple[PublicOccurrence, ...]:
    """What the public page shows, the earliest first."""
    is_first = occurrence.starts_at == FIRST.c.first_at
    rows = session.execute(
        select(
            *(occurrence.id, occurrence.downtime_id, occurrence.starts_at, occurrence.ends_at),
            *(occurrence.title, occurrence.message, occurrence.announced, occurrence.changed_at),
            downtime.title.label("downtime_title"),
            downtime.message.label("downtime_message"),
            NAMESPACES.c.slug,
        )
        .select_from(OCCURRENCES)
        .join(DOWNTIMES, downtime.id == occurrence.downtime_id)
        .join(NAMESPACES, NAMESPACES.c.id == downtime.namespace_id)
        .outerjoin(FIRST, FIRST.c.downtime_id == downtime.id)
        .where(occurrence.ends_at > now - SHOWN_AFTER, occurrence.state.in_(COUNTED_STATES))
        .where((occurrence.starts_at <= now) | is_first | occurrence.announced)
        .order_by(occurrence.starts_at, occurrence.id),
        {"now": now},
    ).all()
    covered = scopes(session, {each.downtime_id for each in rows})
    found = (_public(each, covered[each.downtime_id], now) for each in rows)
    return tuple(each for each in found if each.hosts)


def _public(row: Row[Any], covered: Iterable[Covered], now: datetime) -> PublicOccurrence:
    hosts = {each.host_id: each.host for each in covered if each.public}
    return PublicOccurrence(
        id=row.id,
        downtime_id=row.downtime_id,
        title=row.title or row.downtime_title,
        message=row.message or row.downtime_message,
        namespace=row.slug,
        hosts=tuple(hosts.values()),
        host_ids=tuple(hosts),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=state_at(row.starts_at, row.ends_at, now),
        changed_at=row.changed_at,
    )


def state_at(starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """Where an occurrence that was not called off is, by the time alone."""
    if now < starts_at:
        return State.SCHEDULED.value
    return State.STARTED.value if now < ends_at else State.FINISHED.value
