"""Disks, load, memory and restarts of machines, and certificates by the days they have left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.durations import in_words
from webmon.domain.figures import size
from webmon.models import Host, Service, ServiceState
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, host, within

service, state = table(Service).c, table(ServiceState).c

MOST = 5
REBOOTED_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GaugeView:
    """A share of something that can be full. ``percent`` is 0–100, ``text`` says it in words."""

    host_id: int
    name: str
    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class MachineView:
    """A machine: its load, and for how long it has been up."""

    host_id: int
    name: str
    load: str
    memory: str
    up_for: str
    rebooted: bool
    """Within the last day."""


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate, and the days until it expires (negative when it has)."""

    service_id: int
    host_id: int
    name: str
    days: int


@dataclass(frozen=True, slots=True)
class MachinesView:
    """The fullest, the busiest, those that expire first."""

    disks: tuple[GaugeView, ...] = ()
    memory: tuple[GaugeView, ...] = ()
    machines: tuple[MachineView, ...] = ()
    """Restarted ones first, then by load."""
    certificates: tuple[CertificateView, ...] = ()


def machines(session: Session, scope: Scope, *, now: datetime) -> MachinesView:
    """What the last check of each machine and certificate in ``scope`` has told."""
    told = _told(session, scope, state.evidence, service.kind == "host_metrics")
    disks = [each for row in told for each in _disks(row)]
    memory = [
        GaugeView(row.host_id, row.host, percent, f"{percent:.0f} %")
        for row in told
        if (percent := row.evidence.get("memory_percent")) is not None
    ]
    found = sorted((_machine(row) for row in told), key=lambda each: not each.rebooted)
    return MachinesView(
        disks=tuple(sorted(disks, key=lambda each: -each.percent)[:MOST]),
        memory=tuple(sorted(memory, key=lambda each: -each.percent)[:MOST]),
        machines=tuple(found[:MOST]),
        certificates=_certificates(session, scope, now),
    )


def _told(session: Session, scope: Scope, evidence: Any, *where: Any) -> list[Any]:
    rows = session.execute(
        select(
            service.id,
            service.host_id,
            host.name.label("host"),
            service.name.label("service"),
            evidence.label("evidence"),
        )
        .join(table(ServiceState), state.service_id == service.id)
        .join(table(Host), host.id == service.host_id)
        .where(within(scope), service.paused.is_(False), *where)
    )
    return [row for row in rows if row.evidence]


def _disks(row: Any) -> Iterator[GaugeView]:
    for disk in row.evidence.get("disks", ()):
        if (percent := disk["used_percent"]) is None:
            continue
        free = disk.get("free_bytes")
        text = f"{percent:.0f} %" if free is None else f"{percent:.0f} %, {size(free)} free"
        yield GaugeView(row.host_id, f"{row.host} {disk['mount']}", percent, text)


def _machine(row: Any) -> MachineView:
    evidence: Mapping[str, Any] = row.evidence
    load, uptime = evidence.get("load_5m"), evidence.get("os_uptime_seconds")
    memory = evidence.get("memory_percent")
    return MachineView(
        row.host_id,
        row.host,
        load="" if load is None else f"{load:g}",
        memory="" if memory is None else f"{memory:.0f} %",
        up_for="" if uptime is None else in_words(uptime),
        rebooted=uptime is not None and uptime < REBOOTED_LATELY.total_seconds(),
    )


def _certificates(session: Session, scope: Scope, now: datetime) -> tuple[CertificateView, ...]:
    """By `tls`: ``not_after``; by `http`: ``expires_at`` of what the page was served with."""
    own = state.evidence["not_after"].as_string()
    seen = state.evidence["certificate"]["expires_at"].as_string()
    expires = [
        (own, service.kind == "tls"),
        (seen, service.kind == "http"),
    ]
    found = [
        CertificateView(
            row.id,
            row.host_id,
            f"{row.host} / {row.service}",
            (datetime.fromisoformat(row.evidence) - now).days,
        )
        for column, kind in expires
        for row in _told(session, scope, column, kind)
    ]
    return tuple(sorted(found, key=lambda each: each.days)[:MOST])
