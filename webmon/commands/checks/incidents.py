"""Open and resolve incidents: store changes of status, and the notifications that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from webmon.commands.notifications import announcements
from webmon.domain.checks.status import Status
from webmon.domain.checks.transitions import Condition
from webmon.models import Incident, StatusChange
from webmon.models.columns import table
from webmon.probes.base import Outcome

INCIDENTS = table(Incident)
incident = INCIDENTS.c


@dataclass(frozen=True, slots=True)
class Transition:
    """A service went from ``before`` to ``after`` because of ``outcome``."""

    service_id: int
    before: Condition
    after: Condition
    outcome: Outcome


def store_transitions(
    session: Session, transitions: Sequence[Transition], *, now: datetime
) -> None:
    """Store these changes, their incidents and notifications. The conditions are stored already."""
    if not transitions:
        return
    change_ids = _store_changes(session, transitions, now)
    lost = [each.service_id for each in transitions if each.after.status is Status.UNKNOWN]
    if lost:
        announcements.end_watching(session, lost, "cannot be looked at any longer", now=now)
    opened = [each for each in transitions if each.after.status is Status.DOWN]
    _open_incidents(session, opened)
    ended = {
        each.service_id: each.after.since
        for each in transitions
        if each.before.status is Status.DOWN
    }
    resolved = resolve_incidents(session, ended)
    told = [
        announcements.Occurrence(
            each.service_id,
            each.before.status,
            each.after.status,
            change_id,
            *resolved.get(each.service_id, (None, None)),
        )
        for each, change_id in zip(transitions, change_ids, strict=True)
        if each.after.status is not Status.UNKNOWN
    ]
    announcements.announce(session, told, now=now)


def _store_changes(
    session: Session, transitions: Sequence[Transition], now: datetime
) -> Sequence[int]:
    rows = [
        {
            "service_id": each.service_id,
            "at": each.after.since,
            "decided_at": now,
            "from_status": each.before.status,
            "to_status": each.after.status,
            "message": each.outcome.message,
            "evidence": each.outcome.evidence or None,
        }
        for each in transitions
    ]
    changes = table(StatusChange)
    returning = insert(changes).returning(changes.c.id, sort_by_parameter_order=True)
    return session.connection().execute(returning, rows).scalars().all()


def _open_incidents(session: Session, transitions: Sequence[Transition]) -> None:
    rows = [
        {
            "service_id": each.service_id,
            "opened_at": each.after.since,
            "message": each.outcome.message,
        }
        for each in transitions
    ]
    if rows:
        session.connection().execute(insert(INCIDENTS), rows)


def resolve_incidents(
    session: Session, ended: dict[int, datetime]
) -> dict[int, tuple[int, datetime]]:
    """End the open incidents of these services at these instants.

    Returns the incident and when it was opened, by service, for those that had one.
    """
    if not ended:
        return {}
    found = session.execute(
        select(incident.id, incident.service_id, incident.opened_at).where(
            incident.service_id.in_(list(ended)), incident.resolved_at.is_(None)
        )
    ).all()
    if found:
        resolve = update(INCIDENTS).where(incident.id == bindparam("key"))
        session.connection().execute(
            resolve.values(
                resolved_at=bindparam("end"), duration_seconds=bindparam("length_seconds")
            ),
            [_resolution(each, ended[each.service_id]) for each in found],
        )
    return {each.service_id: (each.id, each.opened_at) for each in found}


def _resolution(found: Any, at: datetime) -> dict[str, Any]:
    end = max(at, found.opened_at)
    return {
        "key": found.id,
        "end": end,
        "length_seconds": (end - found.opened_at).total_seconds(),
    }
