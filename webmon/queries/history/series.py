"""Numbers for charts: response times of a service, and what a machine said about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.domain.checks.host_metrics import BOOTED_AT, DISK, Values, full_in_days, reboots
from webmon.domain.checks.status import OBSERVED
from webmon.domain.history.chart_ranges import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Range,
    Steps,
    axis_top,
    steps,
)
from webmon.domain.history.rollups import Rollup
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import (
    CheckResult,
    Daily,
    Host,
    HostMetricDay,
    HostMetricHour,
    Hourly,
    Incident,
    Service,
    ServiceState,
)
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES, HostMetricColumns, RollupColumns
from webmon.queries.downtimes.windows import windows_between

service, host, incident = table(Service).c, table(Host).c, table(Incident).c
STATUS_BY_CODE = {code: status for status, code in STATUS_CODES.items()}

Point = tuple[int, float | None, float | None]
DAYS_FOR_FORECAST = 14


@dataclass(frozen=True, slots=True)
class OutageView:
    """An incident, in seconds since 1970; ``ended_at`` is None while it is open."""

    began_at: int
    ended_at: int | None
    message: str


@dataclass(frozen=True, slots=True)
class ResponseSeries:
    """Response times in milliseconds.

    ``points`` are (seconds since 1970, p50, p95), the latest last; both are None where there was
    no answer, so that no line is drawn across it. ``axis_top`` is where the axis should end, and
    ``outliers`` are the points above it.
    """

    name: str
    step_seconds: int
    points: list[Point]
    axis_top: float | None
    outliers: list[tuple[int, float]]
    outages: list[OutageView]
    planned: list[tuple[int, int]] = field(default_factory=list)
    """Planned downtime: when it began and ended, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """One number of a machine over time: (seconds since 1970, average, highest)."""

    points: list[Point]
    full_in_days: float | None = None
    """Of a disk that fills steadily."""


@dataclass(frozen=True, slots=True)
class HostSeries:
    """What a machine said about itself: ``load``, ``memory``, ``disk /var``, ``inodes /var`` …"""

    name: str
    step_seconds: int
    series: dict[str, MetricSeries] = field(default_factory=dict)
    reboots: list[int] = field(default_factory=list)
    """When the machine was started, in seconds since 1970."""


def response_series(
    session: Session, service_id: Any, chosen: Range, *, actor: Actor, now: datetime
) -> ResponseSeries:
    """The response times of a service over ``chosen``, with its outages.

    Raises:
        NotFound: there is no such service among those that ``actor`` sees.
    """
    name = _name(session, service.id, service.name, service_id, actor)
    span = steps(chosen, now.timestamp())
    rollups = _rollups(session, service_id, chosen, span)
    points: list[Point] = []
    for number in range(span.count):
        each = rollups.get(number, Rollup())
        p50, p95 = (_ms(each.quantile_us(share)) for share in (0.5, 0.95))
        points.append((span.begin(number), p50, p95))
    top = axis_top([p95 for _, _, p95 in points if p95 is not None])
    return ResponseSeries(
        name=name,
        step_seconds=span.seconds,
        points=points,
        axis_top=top,
        outliers=[(at, p95) for at, _, p95 in points if p95 is not None and top and p95 > top],
        outages=_outages(session, service_id, span),
        planned=_planned(session, service_id, span, now),
    )


def host_series(
    session: Session, host_id: Any, chosen: Range, *, actor: Actor, now: datetime
) -> HostSeries:
    """What the machine said about itself over ``chosen``; empty where nobody asks it.

    Raises:
        NotFound: there is no such host among those that ``actor`` sees.
    """
    name = _name(session, host.id, host.name, host_id, actor)
    span = steps(chosen, now.timestamp(), shortest=HOUR_SECONDS)  # they are kept by the hour
    found = _metrics(session, host_id, chosen, span)
    started = found.pop(BOOTED_AT, {})
    return HostSeries(
        name=name,
        step_seconds=span.seconds,
        series={
            each: MetricSeries(
                [_metric_point(span, number, values) for number in range(span.count)],
                _forecast(session, host_id, each, now) if each.startswith(DISK) else None,
            )
            for each, values in sorted(found.items())
        },
        reboots=[round(at) for at in reboots([started[each] for each in sorted(started)])],
    )


def _name(session: Session, key: Any, name: Any, wanted: Any, actor: Actor) -> str:
    if not is_id(wanted):
        raise NotFound("there is no such service or host")
    chosen = select(name, host.namespace_id).where(key == wanted)
    if key is service.id:
        chosen = chosen.join(table(Host), host.id == service.host_id)
    row = session.execute(chosen).first()
    if row is None or not actor.sees(row.namespace_id):
        raise NotFound("there is no such service or host")
    return str(row[0])


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 1)


def _rollups(session: Session, service_id: int, chosen: Range, span: Steps) -> dict[int, Rollup]:
    if chosen is Range.DAY:
        return _of_results(session, service_id, span)
    if chosen is Range.YEAR:
        found = _of_table(session, table(Daily), "day", DAY_SECONDS, service_id, span)
    else:
        found = _of_table(session, table(Hourly), "hour", HOUR_SECONDS, service_id, span)
    _add_present_hour(session, service_id, span, found)
    return found


def _of_results(session: Session, service_id: int, span: Steps) -> dict[int, Rollup]:
    result = table(CheckResult).c
    rows = session.execute(
        select(result.at_ms, result.status, result.response_us).where(
            result.service_id == service_id, result.at_ms >= span.begin(0) * 1000
        )
    )
    found: dict[int, Rollup] = {}
    for at_ms, code, response_us in rows:
        status = STATUS_BY_CODE[code]
        if status in OBSERVED:
            found.setdefault(span.number(at_ms / 1000), Rollup()).add(status, response_us)
    return found


def _of_table(
    session: Session, rows: Table, period: str, seconds: int, service_id: int, span: Steps
) -> dict[int, Rollup]:
    columns = [rows.c[name] for name in RollupColumns.model_fields]
    found: dict[int, Rollup] = {}
    for number, *values in session.execute(
        select(rows.c[period], *columns).where(
            rows.c.service_id == service_id, rows.c[period] >= span.begin(0) // seconds
        )
    ):
        found.setdefault(span.number(number * seconds), Rollup()).merge(Rollup(*values))
    return found


def _add_present_hour(
    session: Session, service_id: int, span: Steps, found: dict[int, Rollup]
) -> None:
    """The hour that is going on is kept with the state of the service."""
    state = table(ServiceState).c
    row = session.execute(
        select(state.hour, state.hourly).where(state.service_id == service_id)
    ).first()
    if row is not None and row.hourly:
        number = span.number(row.hour * HOUR_SECONDS)
        if number >= 0:
            found.setdefault(number, Rollup()).merge(Rollup.from_list(row.hourly))


def _planned(
    session: Session, service_id: int, span: Steps, now: datetime
) -> list[tuple[int, int]]:
    began_at = datetime.fromtimestamp(span.begin(0), UTC)
    windows = windows_between(session, began_at, now).get(service_id, ())
    return [(round(each[0].timestamp()), round(each[1].timestamp())) for each in windows[-100:]]


def _outages(session: Session, service_id: int, span: Steps) -> list[OutageView]:
    since = datetime.fromtimestamp(span.begin(0), UTC)
    rows = session.execute(
        select(incident.opened_at, incident.resolved_at, incident.message)
        .where(incident.service_id == service_id)
        .where(incident.resolved_at.is_(None) | (incident.resolved_at > since))
        .order_by(incident.opened_at.desc())
        .limit(100)
    )
    return [
        OutageView(
            round(row.opened_at.timestamp()),
            None if row.resolved_at is None else round(row.resolved_at.timestamp()),
            row.message,
        )
        for row in rows
    ][::-1]


def _metrics(
    session: Session, host_id: int, chosen: Range, span: Steps
) -> dict[str, dict[int, Values]]:
    """By series and point. Where two services ask the same machine, both count."""
    if chosen is Range.YEAR:
        rows, period, seconds = table(HostMetricDay), "day", DAY_SECONDS
    else:
        rows, period, seconds = table(HostMetricHour), "hour", HOUR_SECONDS
    columns = [rows.c[name] for name in HostMetricColumns.model_fields]
    found: dict[str, dict[int, Values]] = {}
    for series, at, *values in session.execute(
        select(rows.c.series, rows.c[period], *columns)
        .join(table(Service), service.id == rows.c.service_id)
        .where(service.host_id == host_id, rows.c[period] >= span.begin(0) // seconds)
        .order_by(rows.c[period])
    ):
        points, number = found.setdefault(series, {}), span.number(at * seconds)
        if number in points:
            points[number].merge(Values(*values))
        else:
            points[number] = Values(*values)
    return found


def _metric_point(span: Steps, number: int, values: Mapping[int, Values]) -> Point:
    if number not in values:
        return span.begin(number), None, None
    return span.begin(number), round(values[number].average, 2), round(values[number].max, 2)


def _forecast(session: Session, host_id: int, series: str, now: datetime) -> float | None:
    day = table(HostMetricDay).c
    rows = session.execute(
        select(day.day, day.last)
        .join(table(Service), service.id == day.service_id)
        .where(service.host_id == host_id, day.series == series)
        .where(day.day > int(now.timestamp()) // DAY_SECONDS - DAYS_FOR_FORECAST)
        .order_by(day.day)
    )
    days = full_in_days([(row.day, row.last) for row in rows])
    return None if days is None else round(days, 1)
