"""Planned downtime for the tests: plan it, and read what has become of it."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from tests.clock import NOW
from tests.outside import Outside, deliver, follow_up
from webmon.commands.downtimes import life
from webmon.commands.downtimes.plan import plan_downtime
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.news import Event
from webmon.models import Downtime, DowntimeOccurrence, DowntimeStep, Host, Service

EDITOR = Actor(1, "anna@example.org", Role.EDITOR)


def local(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat()


def fields(session: Session, service_id: int, begin: datetime, **changed: Any) -> dict:
    """A downtime of an hour of the service's host, in UTC."""
    host = session.get_one(Host, session.get_one(Service, service_id).host_id)
    wanted = {
        "title": "Database upgrade",
        "namespace_id": host.namespace_id,
        "host_ids": [host.id],
        "starts_at": local(begin),
        "duration_seconds": 3600,
        "timezone": "UTC",
    }
    return wanted | changed


def plan(
    database: Database,
    service_id: int,
    begin: datetime,
    *,
    at: datetime = NOW,
    actor: Actor | None = EDITOR,
    **changed: Any,
) -> Downtime:
    with database.write() as session:
        wanted = fields(session, service_id, begin, **changed)
        return plan_downtime(session, wanted, actor=actor, now=at)


def occurrences(database: Database, downtime_id: int) -> list[DowntimeOccurrence]:
    with database.read() as session:
        found = select(DowntimeOccurrence).where(DowntimeOccurrence.downtime_id == downtime_id)
        return list(session.exec(found.order_by(DowntimeOccurrence.slot_at)))


def times(database: Database, downtime_id: int) -> list[tuple[timedelta, timedelta, str]]:
    """Start and end, counted from `NOW`, and state, of every occurrence."""
    return [
        (each.starts_at - NOW, each.ends_at - NOW, each.state.value)
        for each in occurrences(database, downtime_id)
    ]


def steps(database: Database, downtime_id: int | None = None) -> list[str]:
    """The steps taken, in their order; in brackets where nobody was to be told."""
    with database.read() as session:
        found = select(DowntimeStep).join(DowntimeOccurrence).order_by(DowntimeStep.id)
        if downtime_id is not None:
            found = found.where(DowntimeOccurrence.downtime_id == downtime_id)
        rows = session.exec(found)
        return [each.step.value if each.told else f"({each.step.value})" for each in rows]


def pass_time(database: Database, *instants: datetime) -> None:
    """At each of these instants the worker's passes, and some seconds later what they queued."""
    for at in instants:
        with database.write() as session:
            life.advance(session, now=at)
        follow_up(database, at=at)
        deliver(database, at=at)
        deliver(database, at=at + WAIT)


def first_lines(outside: Outside, name: str = "ops") -> list[str]:
    """The first line of every message about planned downtime."""
    return [
        each.message.splitlines()[0]
        for message in outside.messages(name)
        for each in message.news
        if each.event is Event.DOWNTIME
    ]


def words(outside: Outside, name: str = "ops") -> list[str]:
    """What each message about planned downtime tells: the word before the colon."""
    return [line.partition(":")[0] for line in first_lines(outside, name)]
