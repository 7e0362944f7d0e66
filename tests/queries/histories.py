"""Services with a past, told in lengths of time before NOW."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from tests import factories
from tests.clock import MINUTE, NOW
from webmon.domain.checks.status import Status
from webmon.models import NoData, Service, StatusChange


def watched(
    session: Session,
    *changes: tuple[timedelta, Status],
    first: Status = Status.UP,
    **fields: Any,
) -> Service:
    """A service that was ``first``, and after each change (so long ago) something else."""
    statuses = [first, *(status for _, status in changes)]
    fields = {"status": statuses[-1], "observed_at": NOW - MINUTE} | fields
    service = factories.service(session, fields.pop("name", "Website"), **fields)
    for (ago, status), before in zip(changes, statuses, strict=False):
        session.add(
            StatusChange(
                service_id=service.id,
                at=NOW - ago,
                decided_at=NOW - ago,
                from_status=before,
                to_status=status,
            )
        )
        session.flush()
    return service


def outage(begin: timedelta, end: timedelta) -> tuple[tuple[timedelta, Status], ...]:
    return ((begin, Status.DOWN), (end, Status.UP))


def no_data(session: Session, service: Service, begin: timedelta, end: timedelta) -> None:
    began, ended = (round((NOW - ago).timestamp() * 1000) for ago in (begin, end))
    session.add(NoData(service_id=service.id, began_at_ms=began, ended_at_ms=ended))
    session.flush()
