"""The metrics as JSON: figures of every host and service, the same as on their pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlmodel import Session

from webmon.domain.checks.status import Status, host_status
from webmon.queries.dashboard.scope import Scope, within
from webmon.queries.history.response_times import NONE, ResponseTimes, last_day
from webmon.queries.history.uptime import OutagesView, UptimesView, UptimeView, uptimes
from webmon.queries.metrics.rows import hosts, machines, services, state

NOT_OBSERVED = UptimeView(None, None, None, None)
NO_OUTAGES = OutagesView(0, 0.0, 0.0, None)


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """One service. Percentages are 0–100, None where nothing was observed; months are those of the
    namespace's timezone; response times are those of the last check, and of 24 hours."""

    name: str
    kind: str
    status: Status
    since: datetime
    last_checked_at: datetime | None
    response_ms: float | None
    response_ms_avg_24h: float | None
    response_ms_p95_24h: float | None
    uptime_percent_24h: float | None
    uptime_percent_30d: float | None
    uptime_percent_month: float | None
    downtime_seconds_month: float
    incidents_month: int
    message: str


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """A file system; None where the machine did not say."""

    mount: str
    used_percent: float | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class HostFigures:
    """One host; what a machine told of itself is None without a `host_metrics` service."""

    name: str
    namespace: str
    status: Status
    uptime_percent_month: float | None
    os_uptime_seconds: float | None
    load_1m: float | None
    memory_percent: float | None
    disks: tuple[DiskFigures, ...]
    services: tuple[ServiceFigures, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all hosts in sight together. Difficulties do not count as up."""

    hosts_up: int
    hosts_total: int
    services_up: int
    services_total: int
    response_ms_avg_24h: float | None
    uptime_percent_month: float | None


@dataclass(frozen=True, slots=True)
class MetricsView:
    """All of it, hosts by namespace and name."""

    generated_at: datetime
    totals: Totals
    hosts: tuple[HostFigures, ...]


VIEW = TypeAdapter(MetricsView)


def as_json(view: MetricsView) -> bytes:
    """The view as the API says it."""
    return VIEW.dump_json(view)


def metrics(session: Session, scope: Scope, *, now: datetime) -> MetricsView:
    """The figures of everything in ``scope``.

    It reads a day of raw results of each service: keep it for a while.
    """
    rows = services(session, scope, state.since, state.last_checked_at, state.message)
    measured = uptimes(session, within(scope), now=now)
    times = last_day(session, [row.id for row in rows], now=now)
    told = dict(machines(session, scope).values())
    by_host: dict[int, list[Row[Any]]] = {}
    for row in rows:
        by_host.setdefault(row.host_id, []).append(row)
    found = tuple(
        _host(row, by_host.get(row.id, ()), told.get(row.id, {}), measured, times)
        for row in hosts(session, scope)
    )
    return MetricsView(now, _totals(found, measured, times), found)


def _totals(
    found: Sequence[HostFigures], measured: UptimesView, times: Mapping[int, ResponseTimes]
) -> Totals:
    every = [each for one in found for each in one.services]
    answers = sum(each.answers for each in times.values())
    total_us = sum(each.answers * (each.average_us or 0) for each in times.values())
    return Totals(
        hosts_up=sum(each.status is Status.UP for each in found),
        hosts_total=len(found),
        services_up=sum(each.status is Status.UP for each in every),
        services_total=len(every),
        response_ms_avg_24h=_ms(total_us / answers) if answers else None,
        uptime_percent_month=_percent(measured.everything.percent_month),
    )


def _host(
    row: Row[Any],
    members: Sequence[Row[Any]],
    told: Mapping[str, Any],
    measured: UptimesView,
    times: Mapping[int, ResponseTimes],
) -> HostFigures:
    return HostFigures(
        name=row.name,
        namespace=row.namespace,
        status=host_status((Status(each.status), each.critical) for each in members),
        uptime_percent_month=_percent(
            measured.hosts.get(row.id, NOT_OBSERVED).percent_month,
        ),
        os_uptime_seconds=told.get("os_uptime_seconds"),
        load_1m=told.get("load_1m"),
        memory_percent=told.get("memory_percent"),
        disks=tuple(
            DiskFigures(disk["mount"], disk["used_percent"], disk.get("free_bytes"))
            for disk in told.get("disks", ())
        ),
        services=tuple(_service(each, measured, times.get(each.id, NONE)) for each in members),
    )


def _service(row: Row[Any], measured: UptimesView, times: ResponseTimes) -> ServiceFigures:
    uptime = measured.services.get(row.id, NOT_OBSERVED)
    outages = measured.outages.get(row.id, NO_OUTAGES)
    return ServiceFigures(
        name=row.name,
        kind=row.kind,
        status=Status(row.status),
        since=row.since,
        last_checked_at=row.last_checked_at,
        response_ms=_ms(row.response_us),
        response_ms_avg_24h=_ms(times.average_us),
        response_ms_p95_24h=_ms(times.p95_us),
        uptime_percent_24h=_percent(uptime.percent_24h),
        uptime_percent_30d=_percent(uptime.percent_30d),
        uptime_percent_month=_percent(uptime.percent_month),
        downtime_seconds_month=round(outages.total_seconds, 3),
        incidents_month=outages.count,
        message=row.message,
    )


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 3)


def _percent(value: float | None) -> float | None:
    """Four decimals, never rounded up: 100 is said only where no moment was missed."""
    return None if value is None else floor(round(value * 10_000, 4)) / 10_000
