"""Find a downtime for somebody who may change it, and lock it.

The services in its scope are locked first, as by everything that changes services; so neither
waits for the other for ever.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webmon.commands.downtimes.occurrences import bring_up_to, new_occurrence
from webmon.commands.locks import lock_services
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.ids import is_id
from webmon.errors import Conflict, Invalid, NotFound
from webmon.models import Downtime, DowntimeOccurrence
from webmon.queries.downtimes.windows import covered_services, schedule_of


def find_downtime(session: Session, downtime_id: int, *, actor: Actor | None) -> Downtime:
    """The downtime, for somebody who may change it.

    Raises:
        NotFound, PermissionDenied.
    """
    found = session.get(Downtime, downtime_id) if is_id(downtime_id) else None
    if found is None:
        raise NotFound("this downtime does not exist")
    require_theirs(actor, Role.EDITOR, found.namespace_id, "downtime")
    return found


def lock_downtime(session: Session, downtime_id: int, *, actor: Actor | None) -> Downtime:
    """The same, with its services and itself locked until the transaction ends."""
    find_downtime(session, downtime_id, actor=actor)
    lock_services(session, covered_services(session, [downtime_id])[downtime_id])
    session.get(Downtime, downtime_id, populate_existing=True, with_for_update=True)
    return find_downtime(session, downtime_id, actor=actor)


def lock_occurrence(
    session: Session, occurrence_id: int, *, actor: Actor | None, now: datetime
) -> tuple[Downtime, DowntimeOccurrence]:
    """An occurrence and its downtime, locked, with all steps taken that time has brought.

    Raises:
        NotFound, PermissionDenied.
    """
    found = session.get(DowntimeOccurrence, occurrence_id) if is_id(occurrence_id) else None
    if found is None:
        raise NotFound("this downtime does not exist")
    downtime = lock_downtime(session, found.downtime_id, actor=actor)
    session.refresh(found)
    bring_up_to(session, downtime, found, now=now)
    return downtime, found


def occurrence_at(
    session: Session, downtime: Downtime, slot_at: datetime, *, now: datetime
) -> DowntimeOccurrence:
    """The row of the occurrence that the rule starts at ``slot_at``; made if there is none yet.

    Raises:
        Invalid: it does not occur then.
    """
    found = session.exec(
        select(DowntimeOccurrence).where(
            col(DowntimeOccurrence.downtime_id) == downtime.id,
            col(DowntimeOccurrence.slot_at) == slot_at,
        )
    ).first()
    if found is not None:
        bring_up_to(session, downtime, found, now=now)
        return found
    if not schedule_of(downtime).between(slot_at, slot_at + timedelta(microseconds=1)):
        raise Invalid("this downtime does not occur then", "slot_at")
    made = new_occurrence(downtime, slot_at, now=now)
    session.add(made)
    session.flush()
    bring_up_to(session, downtime, made, now=now)
    return made


def require_revision(downtime: Downtime, revision: int | None) -> None:
    """Raises Conflict if somebody has changed the downtime since ``revision`` was read."""
    if revision is not None and revision != downtime.revision:
        raise Conflict("downtime", ["look at it again"])
