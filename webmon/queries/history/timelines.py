"""How services were over a period: the timelines of many at once, in four statements.

The changes of one service come in one row. As rows of their own, thousands of them would cost some
microseconds each in fetching and converting, several times what all else takes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlmodel import Session

from webmon.domain.checks.status import OBSERVED, Status
from webmon.domain.history.uptime import Period, Timeline, silence, timeline
from webmon.models import Host, Namespace, NoData, Service, ServiceState, StatusChange
from webmon.models.columns import table
from webmon.queries.downtimes.windows import windows_between

SERVICES, STATES = table(Service), table(ServiceState)
HOSTS, NAMESPACES = table(Host), table(Namespace)
service, state = SERVICES.c, STATES.c
change, no_data = table(StatusChange).c, table(NoData).c

Change = tuple[datetime, int, Status]
"""When, the change's id, and from what."""

Gap = tuple[datetime, datetime]

BY_VALUE = {status.value: status for status in Status}


class Watched(NamedTuple):
    """A service, where it belongs, and how it was."""

    service_id: int
    host_id: int
    namespace_id: int
    timezone: str
    critical: bool
    line: Timeline
    planned: Sequence[Gap] = ()
    """Its planned downtime, which is unknown in the line."""


# Statements are built once: of few services they would cost more than their rows.

SINCE: ColumnElement[datetime] = bindparam("since")
SINCE_MS: ColumnElement[int] = bindparam("since_ms")
JOINED = SERVICES.join(STATES).join(HOSTS).join(NAMESPACES)
CHOSEN = select(service.id).select_from(JOINED)

UNOBSERVED_UNTIL_MS = (
    select(no_data.ended_at_ms)
    .where(no_data.service_id == service.id, no_data.began_at_ms <= SINCE_MS)
    .order_by(no_data.began_at_ms.desc())
    .limit(1)
    .scalar_subquery()
)
"""When the last stretch without data ended that began by then."""

PRESENT = (
    select(
        *(service.id, service.host_id, HOSTS.c.namespace_id, NAMESPACES.c.timezone),
        service.critical,
        type_coerce(state.status, String).label("status"),
        *(state.observed_at, state.credit_seconds, state.patience_seconds),
        UNOBSERVED_UNTIL_MS.label("unobserved_until_ms"),
    )
    .select_from(JOINED)
    .order_by(service.id)
)


def _gathered(
    owner: ColumnElement[int], columns: Sequence[ColumnElement[Any]], where: ColumnElement[bool]
) -> Any:
    """For each service one text per column: the values of its rows, with commas, in any order."""
    texts = (func.aggregate_strings(cast(column, String), ",") for column in columns)
    return select(owner, *texts).where(where).group_by(owner)


CHANGES = _gathered(
    change.service_id, (change.at, change.id, change.from_status), change.at > SINCE
)
GAPS = _gathered(
    no_data.service_id,
    (no_data.began_at_ms, no_data.ended_at_ms),
    no_data.began_at_ms > SINCE_MS,
)


def timelines(
    session: Session, *where: ColumnElement[bool], since: datetime, now: datetime
) -> list[Watched]:
    """The services for which all conditions on service, state, host and namespace hold, by ids.

    Each timeline reaches from ``since`` to ``now``. Time without data is unknown in it, and
    so is planned downtime.
    """
    begin_ms = {"since_ms": round(since.timestamp() * 1000)}
    # First the present, then what led to it: a change that is recorded meanwhile is no harm.
    rows = session.execute(PRESENT.where(*where), begin_ms).all()
    if not rows:
        return []
    changes_of, gaps_of = CHANGES, GAPS
    if where:
        chosen = CHOSEN.where(*where)
        changes_of = changes_of.where(change.service_id.in_(chosen))
        gaps_of = gaps_of.where(no_data.service_id.in_(chosen))
    changes = {
        key: _changes(*texts) for key, *texts in session.execute(changes_of, {"since": since})
    }
    gaps = {key: _gaps(*texts) for key, *texts in session.execute(gaps_of, begin_ms)}
    period = Period(since, now)
    planned, lines = windows_between(session, since, now), _Lines(period)
    return [
        Watched(
            *(row.id, row.host_id, row.namespace_id, row.timezone, row.critical),
            lines.of(row, changes.get(row.id, ()), gaps.get(row.id, ()), planned.get(row.id, ())),
            planned.get(row.id, ()),
        )
        for row in rows
    ]


def _changes(at: str, ids: str, before: str) -> list[Change]:
    """The changes of a service in their order."""
    statuses = map(BY_VALUE.__getitem__, before.split(","))
    return sorted(zip(_instants(at), map(int, ids.split(",")), statuses, strict=True))


def _gaps(began: str, ended: str) -> list[Gap]:
    """The closed stretches without data of a service."""
    return list(zip(map(_instant, began.split(",")), map(_instant, ended.split(",")), strict=True))


def _instants(texts: str) -> Iterable[datetime]:
    """PostgreSQL says that they are UTC; on SQLite they are without saying so."""
    if "+" not in texts:
        texts = texts.replace(",", "+00:00,") + "+00:00"
    return map(datetime.fromisoformat, texts.split(","))


def _instant(at_ms: int | str) -> datetime:
    return datetime.fromtimestamp(int(at_ms) / 1000, UTC)


class _Lines:
    """The timelines of a period. Services of which there is nothing to say but their status and
    the same planned downtime share one: there may be thousands."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._shared: dict[tuple[Status, int], Timeline] = {}

    def of(
        self,
        row: Any,
        changes: Sequence[Change],
        gaps: Sequence[Gap],
        planned: Sequence[Gap],
    ) -> Timeline:
        """Each change says what was before it; after the last one comes what is now."""
        period, status = self._period, BY_VALUE[row.status]
        unseen = [*gaps, *_silence(row, status, period.ended_at)]
        until_ms = row.unobserved_until_ms
        if until_ms is not None and (until := _instant(until_ms)) > period.began_at:
            unseen.append((period.began_at, until))
        if not changes and not unseen:
            key = status, id(planned)
            if key not in self._shared:
                self._shared[key] = timeline(period, status, (), planned)
            return self._shared[key]
        instants, _, before = zip(*changes, strict=True) if changes else ((), (), ())
        moves = zip(instants, (*before[1:], status), strict=False)
        first = before[0] if before else status
        return timeline(period, first, moves, [*unseen, *planned])


def _silence(row: Any, status: Status, now: datetime) -> list[Gap]:
    """The stretch without data that is still going on, if nobody has looked for too long."""
    if status not in OBSERVED or row.observed_at is None:
        return []
    unseen = silence(
        row.observed_at,
        now,
        credit_seconds=row.credit_seconds,
        patience_seconds=row.patience_seconds,
    )
    return [] if unseen is None else [unseen]
