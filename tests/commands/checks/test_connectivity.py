"""The monitor's own time offline: one note for all workers, told once, and made good."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outside import Outside, deliver, outside
from webmon.commands.checks import heartbeats
from webmon.commands.checks import workers as leases
from webmon.commands.checks.connectivity import note_offline, note_online
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.commands.inventory import services
from webmon.db import Database
from webmon.domain.checks.heartbeats import Signal
from webmon.domain.checks.status import Status
from webmon.models import Heartbeat, Notification, Service, ServiceState
from webmon.probes.base import Outcome, down, unknown
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from webmon.queries.system.health import offline_since

__all__ = ["outside"]


def texts(session: Session) -> list[str]:
    """What was told of the monitor."""
    return [row.payload["message"] for row in session.exec(select(Notification))]


def tick(session: Session, *workers: str, at: datetime = NOW) -> None:
    for worker in workers:
        leases.tick(session, worker, now=at)
    session.flush()


def test_it_is_told_once_from_when_to_when(session: Session) -> None:
    tick(session, "a")
    note_offline(session, "a", since=NOW)
    assert offline_since(session) == NOW
    assert note_online(session, "a", now=NOW + 12 * MINUTE)
    assert note_online(session, "a", now=NOW + 13 * MINUTE)
    assert offline_since(session) is None
    assert texts(session) == [
        "The monitor itself was offline from 10:00 to 10:12 UTC (12 min). "
        "What it could not see meanwhile is no data, and nobody was alarmed."
    ]


def test_over_midnight_the_dates_are_told(session: Session) -> None:
    note_offline(session, "a", since=NOW + 13 * HOUR)
    note_online(session, "a", now=NOW + 15 * HOUR)
    assert "from 23 Nov 23:00 to 24 Nov 01:00 UTC (2 h)" in texts(session)[0]


def test_several_workers_have_one_time_offline_that_ends_with_the_last(session: Session) -> None:
    tick(session, "a", "b")
    note_offline(session, "a", since=NOW)
    assert offline_since(session) is None, "the other one can see"
    note_offline(session, "b", since=NOW + SECOND)
    assert offline_since(session) == NOW
    assert not note_online(session, "a", now=NOW + MINUTE)
    assert texts(session) == []
    assert note_online(session, "b", now=NOW + 2 * MINUTE)
    assert len(texts(session)) == 1
    assert "from 10:00 to 10:02" in texts(session)[0]


def test_a_worker_that_notices_it_late_tells_it_no_second_time(session: Session) -> None:
    tick(session, "a", "b")
    note_offline(session, "a", since=NOW)
    note_online(session, "a", now=NOW + 10 * SECOND)
    note_offline(session, "b", since=NOW + 9 * SECOND)
    assert offline_since(session) is None
    note_online(session, "b", now=NOW + 14 * SECOND)
    assert len(texts(session)) == 1
    note_offline(session, "b", since=NOW + HOUR)
    note_online(session, "b", now=NOW + HOUR + MINUTE)
    assert len(texts(session)) == 2


def test_a_worker_that_ended_while_offline_is_not_waited_for(session: Session) -> None:
    tick(session, "old", "new")
    note_offline(session, "old", since=NOW)
    assert not note_online(session, "new", now=NOW + SECOND)
    leases.retire(session, "old", now=NOW)
    assert note_online(session, "new", now=NOW + 5 * SECOND)
    assert len(texts(session)) == 1


def test_what_a_worker_that_has_gone_left_open_is_no_part_of_a_later_time(session: Session) -> None:
    tick(session, "a", "b")
    note_offline(session, "a", since=NOW + SECOND)
    leases.retire(session, "a", now=NOW + MINUTE)
    note_offline(session, "b", since=NOW + 24 * HOUR)
    assert offline_since(session) == NOW + 24 * HOUR, "b could see until then"
    note_online(session, "b", now=NOW + 24 * HOUR + MINUTE)
    assert "from 10:00 to 10:01 UTC (1 min)" in texts(session)[0]


def test_every_channel_hears_it_that_is_not_public(database: Database, outside: Outside) -> None:
    with database.write() as session:
        iati = factories.namespace(session, "iati")
        factories.channel(session, "ops")
        factories.channel(session, "iati", namespace_id=iati.id)
        factories.channel(session, "public", kind="billboard")
        factories.channel(session, "off", enabled=False)
        note_offline(session, "a", since=NOW)
        note_online(session, "a", now=NOW + MINUTE)
    deliver(database, at=NOW + MINUTE)
    assert sorted(name for name, _ in outside.received) == ["iati", "ops"]


def test_what_could_not_be_looked_at_is_looked_at_soon(session: Session) -> None:
    later = NOW + HOUR
    common: dict[str, Any] = {"next_check_at": later, "interval_seconds": 3600}
    unseen = {"last_checked_at": NOW + MINUTE, "last_status": Status.UNKNOWN}
    seen = {"last_checked_at": NOW + MINUTE, "last_status": Status.UP}
    due = [
        factories.service(session, "unseen", **common, **unseen),
        factories.service(session, "seen", **common, **seen),
        factories.service(session, "before", **common, **unseen | {"last_checked_at": NOW - HOUR}),
        factories.service(session, "paused", **common | {"next_check_at": None}, **unseen),
    ]
    note_offline(session, "a", since=NOW)
    note_online(session, "a", now=NOW + 5 * MINUTE)
    session.expire_all()
    instants = [session.get_one(ServiceState, each.id).next_check_at for each in due]
    assert instants[0] is not None and instants[0] <= NOW + 6 * MINUTE
    assert instants[1:] == [later, later, None]


@pytest.mark.parametrize(
    ("outcome", "soon"),
    [(unknown("the monitor itself was offline"), MINUTE), (down("refused"), 10 * SECOND)],
)
def test_what_is_under_way_when_it_is_over_is_looked_at_soon_too(
    session: Session, outcome: Outcome, soon: timedelta
) -> None:
    """Nobody knows yet whether it counts; a failure that does is confirmed as soon as ever."""
    id = factories.service(session, interval_seconds=3600).id
    tick(session, "a")
    (check,) = claim_due(session, "a", limit=9, now=NOW)
    note_offline(session, "a", since=NOW)
    over = NOW + 5 * SECOND
    note_online(session, "a", now=over)
    assert not claim_due(session, "b", limit=9, now=over + MINUTE), "it is still under way"
    found = Finding(id, check.claim, check.revision, NOW, outcome)
    record(session, [found], now=over)
    session.expire_all()
    next_check_at = session.get_one(ServiceState, id).next_check_at
    assert next_check_at is not None
    assert next_check_at <= over + soon


def heartbeat(session: Session, **config: str) -> Service:
    """A service whose job has just reported."""
    fields = {"name": "Import", "kind": "heartbeat", "config": config}
    host = factories.host(session)
    service = services.create_service(session, host.id, fields, actor=None, now=NOW)
    token = heartbeat_url(session, service.id, actor=None).rpartition("/")[2]
    heartbeats.receive(session, token, Signal("success"), b"", now=NOW)
    session.flush()
    return service


def test_a_job_that_was_to_report_meanwhile_has_its_whole_time_again(session: Session) -> None:
    service = heartbeat(session, every="10m", grace="5m")
    over = NOW + 30 * MINUTE
    note_offline(session, "a", since=NOW + 5 * MINUTE)
    note_online(session, "a", now=over)
    session.expire_all()
    assert session.get_one(Heartbeat, service.id).expected_from == over
    assert session.get_one(ServiceState, service.id).next_check_at == over + 15 * MINUTE


def test_a_job_that_was_not_expected_meanwhile_keeps_its_time(session: Session) -> None:
    service = heartbeat(session, every="1h", grace="5m")
    note_offline(session, "a", since=NOW + 5 * MINUTE)
    note_online(session, "a", now=NOW + 30 * MINUTE)
    session.expire_all()
    assert session.get_one(ServiceState, service.id).next_check_at == NOW + 65 * MINUTE
