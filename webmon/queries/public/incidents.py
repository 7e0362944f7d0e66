"""The outages of what is public: what and when, and nothing that a check said."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from webmon.models import Host, Incident, Namespace, Service
from webmon.models.columns import table

incident, service = table(Incident).c, table(Service).c
host, namespace = table(Host).c, table(Namespace).c

MOST = 50
LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class PublicIncidentView:
    """An outage of a public service; ``number`` names it. ``acknowledged`` by whom is not told."""

    number: int
    namespace: str
    host: str
    service: str
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


def public_incidents(session: Session, *, now: datetime) -> tuple[PublicIncidentView, ...]:
    """The open ones and the latest 50 of the last 90 days, newest first."""
    rows = session.execute(
        select(
            *(incident.id, namespace.slug, host.name, service.name.label("service")),
            *(incident.opened_at, incident.acknowledged_at, incident.resolved_at),
        )
        .select_from(
            table(Incident)
            .join(table(Service), service.id == incident.service_id)
            .join(table(Host), host.id == service.host_id)
            .join(table(Namespace), namespace.id == host.namespace_id)
        )
        .where(service.public, host.public)
        .where(incident.resolved_at.is_(None) | (incident.opened_at > now - LATELY))
        .order_by(incident.resolved_at.is_not(None), incident.opened_at.desc(), incident.id.desc())
        .limit(MOST)
    )
    found = (PublicIncidentView(*row) for row in rows)
    return tuple(sorted(found, key=lambda each: (each.opened_at, each.number), reverse=True))
