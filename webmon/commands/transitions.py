"""Store a change of status, and the incident that it opens or resolves."""

from datetime import datetime

from sqlmodel import Session, col, select

from webmon.domain.status import Status
from webmon.domain.transitions import Condition
from webmon.models import Incident, StatusChange
from webmon.probes.base import Outcome


def store_transition(
    session: Session,
    service_id: int,
    before: Condition,
    after: Condition,
    outcome: Outcome,
    *,
    now: datetime,
) -> None:
    """Store that the service went from ``before`` to ``after`` because of ``outcome``."""
    session.add(
        StatusChange(
            service_id=service_id,
            at=after.since,
            decided_at=now,
            from_status=before.status,
            to_status=after.status,
            message=outcome.message,
            evidence=outcome.evidence or None,
        )
    )
    if after.status is Status.DOWN:
        session.add(Incident(service_id=service_id, opened_at=after.since, message=outcome.message))
    elif before.status is Status.DOWN:
        resolve_incident(session, service_id, at=after.since)


def resolve_incident(session: Session, service_id: int, *, at: datetime) -> None:
    """End the service's open incident, if there is one, at ``at``."""
    incident = session.exec(
        select(Incident).where(
            Incident.service_id == service_id, col(Incident.resolved_at).is_(None)
        )
    ).first()
    if incident is not None:
        incident.resolved_at = max(at, incident.opened_at)
        incident.duration_seconds = (incident.resolved_at - incident.opened_at).total_seconds()
