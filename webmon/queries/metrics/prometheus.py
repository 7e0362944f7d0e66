"""The metrics as Prometheus reads them.

Names and statuses are read at every scrape, so that what was renamed or deleted leaves no series
behind. Uptime takes most of the work and moves slowly: it is worked out again when a status has
changed, and else every five minutes.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from webmon import __version__
from webmon.domain.checks.status import Status
from webmon.domain.exposition import family, labels
from webmon.models import Incident, Notification, StatusChange, Worker
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, within
from webmon.queries.history.uptime import UptimesView, uptimes
from webmon.queries.metrics.rows import (
    EXPIRES_AT,
    JOINED,
    machines,
    namespace,
    service,
    services,
    state,
)
from webmon.queries.system.health import SILENT_AFTER

incident, told = table(Incident).c, table(Notification).c
change, worker = table(StatusChange).c, table(Worker).c

CODES = {
    status.value: number
    for number, status in enumerate(
        (Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN, Status.PAUSED)
    )
}
UP = {Status.UP.value: 1, Status.DEGRADED.value: 1, Status.DOWN.value: 0}
SOONEST, LATEST = timedelta(seconds=30), timedelta(minutes=5)
MOST_KEPT = 50
DAY_SECONDS = 86_400

_lock = threading.Lock()
_kept: dict[tuple[str, Scope], "Kept"] = {}

Labelled = Sequence[tuple[Row[Any], str]]


@dataclass(slots=True)
class Kept:
    """What is worked out once for several scrapes."""

    at: datetime
    newest_change: int
    uptimes: UptimesView
    names: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """Those about uptime, of services that were called so."""

    def is_recent(self, newest_change: int, now: datetime) -> bool:
        """Whether it still stands."""
        most = LATEST if self.newest_change == newest_change else SOONEST
        return timedelta(0) <= now - self.at < most


def exposition(session: Session, scope: Scope, *, now: datetime) -> str:
    """The whole text for everything in ``scope``."""
    rows = services(session, scope, EXPIRES_AT.label("expires_at"))
    labelled = [(row, _labels(row)) for row in rows]
    kept = _uptimes(session, scope, now)
    lines = [
        *family("webmon_build_info", "The version.", [(labels({"version": __version__}), 1)]),
        *_of_services(labelled),
        *_of_certificates(labelled, now),
        *_uptime_lines(labelled, kept),
        *_of_machines(labelled, machines(session, scope)),
        *_of_incidents(session, scope),
        *_of_monitor(session, scope, now),
    ]
    return "\n".join(lines) + "\n"


def forget() -> None:
    """Forget what is kept (tests)."""
    with _lock:
        _kept.clear()


def _labels(row: Row[Any]) -> str:
    return _written(row.namespace, row.host, row.name, row.kind, row.id)


@lru_cache(maxsize=50_000)
def _written(namespace: str, host: str, name: str, kind: str, key: int) -> str:
    names = {"namespace": namespace, "host": host, "service": name, "kind": kind, "id": key}
    return labels(names)


def _uptimes(session: Session, scope: Scope, now: datetime) -> Kept:
    newest = session.scalar(select(func.max(change.id))) or 0
    key = (str(session.get_bind().engine.url), scope)
    with _lock:
        known = _kept.get(key)
    if known is not None and known.is_recent(newest, now):
        return known
    found = Kept(now, newest, uptimes(session, within(scope), now=now))
    with _lock:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _uptime_lines(rows: Labelled, kept: Kept) -> tuple[str, ...]:
    names = tuple(pairs for _, pairs in rows)
    if kept.names != names:
        kept.lines = tuple(_of_uptime(rows, kept.uptimes))
        kept.names = names
    return kept.lines


def _of_services(rows: Labelled) -> Iterator[str]:
    yield from family(
        "webmon_service_status",
        "0 up, 1 difficulties, 2 down, 3 not known, 4 paused.",
        [(pairs, CODES[row.status]) for row, pairs in rows],
    )
    yield from family(
        "webmon_service_up",
        "1 up or in difficulties, 0 down; none while not known or paused.",
        [(pairs, UP[row.status]) for row, pairs in rows if row.status in UP],
    )
    yield from family(
        "webmon_service_response_seconds",
        "How long the last check took to be answered.",
        [(pairs, row.response_us / 1e6) for row, pairs in rows if row.response_us is not None],
    )


def _of_certificates(rows: Labelled, now: datetime) -> Iterator[str]:
    yield from family(
        "webmon_certificate_days",
        "Days until the certificate expires; negative when it has.",
        [
            (pairs, (datetime.fromisoformat(row.expires_at) - now).total_seconds() / DAY_SECONDS)
            for row, pairs in rows
            if row.expires_at
        ],
    )


def _of_uptime(rows: Labelled, measured: UptimesView) -> Iterator[str]:
    samples = []
    for row, pairs in rows:
        if (view := measured.services.get(row.id)) is None:
            continue
        for window, percent in (
            ("24h", view.percent_24h),
            ("30d", view.percent_30d),
            ("month", view.percent_month),
        ):
            if percent is not None:
                samples.append((f'{pairs},window="{window}"', percent / 100))
    yield from family(
        "webmon_service_uptime_ratio",
        "Share of the observed time, without planned downtime, in which it was not down.",
        samples,
    )
    outages = [
        (pairs, found) for row, pairs in rows if (found := measured.outages.get(row.id)) is not None
    ]
    yield from family(
        "webmon_service_incidents_month",
        "Outages in this calendar month of the namespace.",
        [(pairs, found.count) for pairs, found in outages],
    )
    yield from family(
        "webmon_service_downtime_seconds_month",
        "Length of those outages together.",
        [(pairs, found.total_seconds) for pairs, found in outages],
    )


MACHINE = {
    "load_1m": ("webmon_machine_load1", "Load average of one minute.", 1),
    "load_5m": ("webmon_machine_load5", "Load average of five minutes.", 1),
    "memory_percent": ("webmon_machine_memory_used_ratio", "Share of the memory in use.", 100),
    "os_uptime_seconds": ("webmon_machine_uptime_seconds", "Time since the last restart.", 1),
}


def _of_machines(
    rows: Labelled, found: Mapping[int, tuple[int, Mapping[str, Any]]]
) -> Iterator[str]:
    known = [(pairs, found[row.id][1]) for row, pairs in rows if row.id in found]
    for key, (name, text, whole) in MACHINE.items():
        samples = [
            (pairs, value / whole)
            for pairs, facts in known
            if (value := facts.get(key)) is not None
        ]
        yield from family(name, text, samples)
    disks = [
        (f"{pairs},{labels({'mount': disk['mount']})}", disk)
        for pairs, facts in known
        for disk in facts.get("disks", ())
    ]
    for name, text, key, whole in (
        ("webmon_disk_used_ratio", "Share of a file system in use.", "used_percent", 100),
        ("webmon_disk_free_bytes", "Room that is left on it.", "free_bytes", 1),
    ):
        samples = [
            (pairs, value / whole if whole > 1 else value)
            for pairs, disk in disks
            if (value := disk.get(key)) is not None
        ]
        yield from family(name, text, samples)


def _of_incidents(session: Session, scope: Scope) -> Iterator[str]:
    rows = session.execute(
        select(
            namespace.slug,
            func.count(),
            func.count().filter(incident.acknowledged_at.is_(None)),
        )
        .select_from(JOINED.join(table(Incident), incident.service_id == service.id))
        .where(within(scope), incident.resolved_at.is_(None))
        .group_by(namespace.slug)
        .order_by(namespace.slug)
    ).all()
    pairs = [labels({"namespace": row[0]}) for row in rows]
    opened = zip(pairs, (row[1] for row in rows), strict=True)
    yield from family("webmon_incidents_open", "Incidents that are not over.", opened)
    free = zip(pairs, (row[2] for row in rows), strict=True)
    yield from family("webmon_incidents_unacknowledged", "Those that nobody has taken.", free)


def _of_monitor(session: Session, scope: Scope, now: datetime) -> Iterator[str]:
    lately = worker.ticked_at.between(now - SILENT_AFTER, now + SILENT_AFTER)
    workers = session.scalar(select(func.count()).select_from(table(Worker)).where(lately)) or 0
    due, oldest = session.execute(
        select(func.count(), func.min(state.next_check_at))
        .select_from(JOINED)
        .where(within(scope), state.next_check_at < now)
    ).one()
    lag = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    yield from _single("webmon_workers", "Workers that have ticked in the last 30 s.", workers)
    yield from _single("webmon_worker_lag_seconds", "How late the latest check is.", lag)
    yield from _single("webmon_checks_due", "Checks that wait for their turn.", due)
    chosen = () if scope is None else (told.namespace_id.in_(scope),)
    counts: dict[str, int] = dict(
        session.execute(
            select(told.delivery, func.count()).where(*chosen).group_by(told.delivery)
        ).all()
    )
    yield from _single(
        "webmon_notifications_queued", "Messages that wait to be sent.", counts.get("queued", 0)
    )
    yield from family(
        "webmon_notifications",
        "Messages that are kept, by what became of them.",
        [(labels({"result": key}), counts.get(key, 0)) for key in ("sent", "failed", "suppressed")],
    )


def _single(name: str, text: str, value: float) -> Iterable[str]:
    return family(name, text, [("", value)])
