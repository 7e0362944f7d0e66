"""How services were over a period: the timelines of many at once, in three statements.

The changes of one service come in one row. As rows of their own, thousands of them would cost some
microseconds each in fetching and converting, several times what all else takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, case, cast, func, null, select
from sqlmodel import Session

from webmon.domain.status import OBSERVED, Status
from webmon.domain.uptime import Period, Timeline, silence, timeline
from webmon.models import Host, Namespace, NoData, Service, ServiceState, StatusChange
from webmon.models.columns import table
from webmon.probes import PROBES

SERVICES, HOSTS, NAMESPACES = table(Service), table(Host), table(Namespace)
service, state = SERVICES.c, table(ServiceState).c
change, no_data = table(StatusChange).c, table(NoData).c

Change = tuple[datetime, int, Status]
"""When, the change's id, and from what."""

Gap = tuple[datetime, datetime]

RECEIVING = [name for name, kind in PROBES.items() if kind.receives]
PLANNED_AT = case(
    (service.kind.not_in(RECEIVING), null()),
    (state.worker_id.is_(None), state.next_check_at),
    else_=state.due_at,
)
"""When the next report of something that is reported to us is due."""

BY_VALUE = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class Watched:
    """A service, where it belongs, and how it was."""

    service_id: int
    host_id: int
    namespace_id: int
    timezone: str
    critical: bool
    line: Timeline


def timelines(
    session: Session, *where: ColumnElement[bool], since: datetime, now: datetime
) -> list[Watched]:
    """The services for which all conditions on service, host and namespace hold, by their ids.

    Each timeline reaches from ``since`` to ``now``. Time without data is unknown in it.
    """
    columns = (
        *(service.id, service.host_id, service.critical, PLANNED_AT.label("planned_at")),
        *(state.status, state.observed_at, state.credit_seconds, state.patience_seconds),
        *(HOSTS.c.namespace_id, NAMESPACES.c.timezone),
        _reaching(since).label("unobserved_until_ms"),
    )
    query = _joined(select(*columns)).join(table(ServiceState)).where(*where).order_by(service.id)
    # First the present, then what led to it: a change that is recorded meanwhile is no harm.
    rows = session.execute(query).all()
    if not rows:
        return []
    chosen = _joined(select(service.id)).join(table(ServiceState)).where(*where)
    changes = _changes(session, chosen, since)
    gaps = _gaps(session, chosen, since)
    return [
        Watched(
            row.id,
            row.host_id,
            row.namespace_id,
            row.timezone,
            row.critical,
            _line(row, Period(since, now), changes.get(row.id, []), gaps.get(row.id, [])),
        )
        for row in rows
    ]


def _joined(query: Select[Any]) -> Select[Any]:
    return query.select_from(SERVICES).join(HOSTS).join(NAMESPACES)


def _changes(session: Session, chosen: Select[Any], since: datetime) -> dict[int, list[Change]]:
    """The changes of each service after ``since``, in their order."""
    columns = (change.at, change.id, change.from_status)
    found = _gathered(session, chosen, change.service_id, columns, change.at > since)
    return {
        service_id: sorted(
            zip(
                _instants(at),
                map(int, ids.split(",")),
                map(BY_VALUE.__getitem__, before.split(",")),
                strict=True,
            )
        )
        for service_id, (at, ids, before) in found.items()
    }


def _gaps(session: Session, chosen: Select[Any], since: datetime) -> dict[int, list[Gap]]:
    """The closed stretches without data of each service that began after ``since``."""
    columns = (no_data.began_at_ms, no_data.ended_at_ms)
    later = no_data.began_at_ms > _milliseconds(since)
    found = _gathered(session, chosen, no_data.service_id, columns, later)
    return {
        service_id: list(
            zip(map(_instant, began.split(",")), map(_instant, ended.split(",")), strict=True)
        )
        for service_id, (began, ended) in found.items()
    }


def _gathered(
    session: Session,
    chosen: Select[Any],
    owner: ColumnElement[int],
    columns: Sequence[ColumnElement[Any]],
    where: ColumnElement[bool],
) -> dict[int, Sequence[str]]:
    """For each service one text per column: the values of its rows, with commas, in any order."""
    texts = (func.aggregate_strings(cast(column, String), ",") for column in columns)
    rows = session.execute(select(owner, *texts).where(owner.in_(chosen), where).group_by(owner))
    return {row[0]: row[1:] for row in rows}


def _instants(texts: str) -> Iterable[datetime]:
    """PostgreSQL says that they are UTC; on SQLite they are without saying so."""
    if "+" not in texts:
        texts = texts.replace(",", "+00:00,") + "+00:00"
    return map(datetime.fromisoformat, texts.split(","))


def _reaching(since: datetime) -> ScalarSelect[int]:
    """When the last stretch without data ended that began by ``since``."""
    return (
        select(no_data.ended_at_ms)
        .where(no_data.service_id == service.id, no_data.began_at_ms <= _milliseconds(since))
        .order_by(no_data.began_at_ms.desc())
        .limit(1)
        .scalar_subquery()
    )


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _instant(at_ms: int | str) -> datetime:
    return datetime.fromtimestamp(int(at_ms) / 1000, UTC)


def _line(
    row: Any,
    period: Period,
    changes: list[Change],
    gaps: list[Gap],
) -> Timeline:
    """Each change says what was before it; after the last one comes what is now."""
    instants, _, before = zip(*changes, strict=True) if changes else ((), (), ())
    moves = zip(instants, (*before[1:], row.status), strict=False)
    if row.unobserved_until_ms is not None:
        gaps = [(period.began_at, _instant(row.unobserved_until_ms)), *gaps]
    first = before[0] if before else row.status
    return timeline(period, first, moves, [*gaps, *_silence(row, period.ended_at)])


def _silence(row: Any, now: datetime) -> list[Gap]:
    """The stretch without data that is still going on, if nobody has looked for too long."""
    if row.status not in OBSERVED or row.observed_at is None:
        return []
    unseen = silence(
        row.observed_at,
        now,
        credit_seconds=row.credit_seconds,
        patience_seconds=row.patience_seconds,
        planned_at=row.planned_at,
    )
    return [] if unseen is None else [unseen]
