"""The health of the monitor itself: workers, late checks, queued messages, failing channels."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlmodel import Session

from webmon.domain.durations import in_words
from webmon.models import Channel, ChannelState, Host, Notification, Service, ServiceState, Worker
from webmon.models.columns import table
from webmon.queries.dashboard.scope import Scope, host, within
from webmon.queries.system.health import SILENT_AFTER, offline_since

service, state = table(Service).c, table(ServiceState).c
channel, sending = table(Channel).c, table(ChannelState).c
told, worker = table(Notification).c, table(Worker).c

LATE = timedelta(seconds=30)
"""A check that is later than this is counted as late."""


@dataclass(frozen=True, slots=True)
class FailingChannelView:
    """A channel that does not get its messages through, and why."""

    id: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class MonitorView:
    """One sentence, its status, and the numbers behind it."""

    status: str = "unknown"
    headline: str = ""
    workers: int = 0
    late: int = 0
    """Checks that are overdue."""
    lag: str = ""
    """How late the latest of them is; empty where none is."""
    queued: int = 0
    """Messages that wait to be sent."""
    failing: tuple[FailingChannelView, ...] = ()


def monitor(session: Session, scope: Scope, *, now: datetime) -> MonitorView:
    """How the monitor is; channels and checks of ``scope`` only."""
    lately = worker.ticked_at.between(now - SILENT_AFTER, now + SILENT_AFTER)
    workers = session.scalar(select(func.count()).select_from(table(Worker)).where(lately)) or 0
    late, oldest = _late(session, scope, now)
    failing = _failing(session, scope)
    offline = offline_since(session) if workers else None
    status, headline = _said(workers, late, len(failing), offline is not None)
    return MonitorView(
        status=status,
        headline=headline,
        workers=workers,
        late=late,
        lag="" if oldest is None else in_words((now - oldest).total_seconds()),
        queued=_queued(session, scope),
        failing=failing,
    )


def _said(workers: int, late: int, failing: int, is_offline: bool) -> tuple[str, str]:
    if not workers:
        return "down", "No worker runs, so nothing is checked"
    if is_offline:
        return "down", "The monitor itself is offline"
    if failing:
        noun = "channel does" if failing == 1 else "channels do"
        return "degraded", f"{failing} {noun} not get messages through"
    if late:
        noun = "check is" if late == 1 else "checks are"
        return "degraded", f"{late} {noun} late"
    return "up", "Checks and messages are on time"


def _late(session: Session, scope: Scope, now: datetime) -> tuple[int, datetime | None]:
    row = session.execute(
        select(func.count(), func.min(state.next_check_at))
        .join(table(Service), service.id == state.service_id)
        .join(table(Host), host.id == service.host_id)
        .where(within(scope), state.next_check_at < now - LATE)
    ).one()
    return row[0], row[1]


def _queued(session: Session, scope: Scope) -> int:
    waiting = select(func.count()).where(told.ready_at.is_not(None))
    if scope is not None:
        waiting = waiting.where(told.namespace_id.in_(scope))
    return session.scalar(waiting) or 0


def _failing(session: Session, scope: Scope) -> tuple[FailingChannelView, ...]:
    rows = session.execute(
        select(channel.id, channel.name, sending.last_error)
        .join(table(ChannelState), sending.channel_id == channel.id)
        .where(channel.enabled, (sending.failures > 0) | sending.stopped_at.is_not(None))
        .where(true() if scope is None else _seen(scope))
        .order_by(channel.name)
        .limit(10)
    )
    return tuple(FailingChannelView(row.id, row.name, row.last_error) for row in rows)


def _seen(scope: frozenset[int]) -> ColumnElement[bool]:
    return channel.namespace_id.is_(None) | channel.namespace_id.in_(scope)
