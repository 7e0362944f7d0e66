"""After a step of the clock or a sleep: nothing is lost, nothing waits, nobody is alarmed."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.queries.histories import no_data, outage, watched
from webmon.commands.checks import clock_steps, connectivity, workers
from webmon.commands.checks.record import LEASE, Finding, claim_due, record
from webmon.db import Database
from webmon.domain.checks import schedule
from webmon.domain.checks.status import Status
from webmon.models import (
    CheckResult,
    Incident,
    NoData,
    ServiceState,
    StatusChange,
    Worker,
)
from webmon.probes.base import down, up
from webmon.queries.history.timelines import timelines
from webmon.queries.system.health import worker_ticks
from webmon.queries.system.offline import noted_offline

DAY = timedelta(days=1)
UP, DOWN = up("200 OK", 1200), down("connection refused by 127.0.0.1:80")


def state(session: Session, service_id: int) -> ServiceState:
    session.expire_all()
    return session.get_one(ServiceState, service_id)


def realign(session: Session, now: datetime) -> int:
    session.flush()
    count = clock_steps.realign(session, now=now)
    session.expire_all()
    return count


def test_what_is_under_way_is_recorded_although_the_clock_leaps(session: Session) -> None:
    for gone in (DAY, -HOUR):
        service = factories.service(session, f"by {gone}")
        workers.tick(session, "w", now=NOW)
        [check] = claim_due(session, "w", limit=1, now=NOW)
        later = NOW + gone
        realign(session, later)
        assert claim_due(session, "w", limit=9, now=later) == [], "it is not looked at twice"
        assert state(session, service.id).lease_until == later + LEASE
        finding = Finding(service.id, check.claim, check.revision, NOW, UP)
        record(session, [finding], now=later + SECOND)
        assert state(session, service.id).last_status is Status.UP
        session.delete(service)
        session.flush()


def test_a_check_asked_for_meanwhile_is_not_forgotten(session: Session) -> None:
    service = factories.service(session)
    claim_due(session, "w", limit=1, now=NOW)
    state(session, service.id).next_check_at = NOW + SECOND
    realign(session, NOW + DAY)
    assert state(session, service.id).next_check_at == NOW + SECOND


def test_no_worker_falls_silent_because_the_clock_went_on(session: Session) -> None:
    for worker in ("me", "another"):
        workers.tick(session, worker, now=NOW)
    realign(session, NOW + DAY)
    assert workers.retire_silent(session, asked_by="asker", now=NOW + DAY) == []
    assert len(workers.retire_silent(session, asked_by="asker", now=NOW + DAY + 11 * SECOND)) == 2


def test_a_worker_that_ended_ahead_of_the_clock_falls_silent_nevertheless(
    session: Session,
) -> None:
    workers.tick(session, "dead", now=NOW + HOUR)
    session.flush()
    assert not worker_ticks(session, now=NOW), "nobody can tell that it is alive"
    clock_steps.begin(session, now=NOW)
    session.expire_all()
    assert session.get_one(Worker, "dead").ticked_at == NOW
    assert workers.retire_silent(session, asked_by="asker", now=NOW + 11 * SECOND) == ["dead"]


def test_what_came_to_pass_ahead_of_the_clock_keeps_its_order(session: Session) -> None:
    """An outage that begins afterwards begins then, and not when the old time comes again."""
    service = factories.service(session, failures_to_down=1, interval_seconds=3600)
    other = factories.service(session, "untouched", since=NOW - DAY, status=Status.UP)
    ahead = NOW + HOUR
    for minutes, outcome in ((-9, UP), (-6, DOWN), (-3, UP)):
        at = ahead + minutes * MINUTE
        record(session, [Finding(service.id, None, None, at, outcome)], now=at)
    realign(session, NOW)
    assert state(session, service.id).since == NOW
    assert state(session, other.id).since == NOW - DAY
    for minutes, outcome in ((5, DOWN), (15, UP)):
        at = NOW + minutes * MINUTE
        record(session, [Finding(service.id, None, None, at, outcome)], now=at)
    incidents = session.exec(select(Incident).order_by(Incident.id)).all()  # type: ignore[arg-type]
    assert [row.duration_seconds for row in incidents] == [180, 600]
    assert incidents[1].opened_at == NOW + 5 * MINUTE
    changes = session.exec(select(StatusChange.at).order_by(StatusChange.id)).all()  # type: ignore[arg-type]
    assert changes == sorted(changes)
    [line] = [
        each.line
        for each in timelines(session, since=NOW, now=NOW + HOUR)
        if each.service_id == service.id
    ]
    downs = [(began, ended) for began, ended, status in line if status is Status.DOWN]
    assert downs == [(NOW + 5 * MINUTE, NOW + 15 * MINUTE)]


def test_a_finding_of_the_old_time_does_not_lie_ahead(session: Session) -> None:
    service = factories.service(session, failures_to_down=1)
    record(session, [Finding(service.id, None, None, NOW + HOUR, DOWN)], now=NOW)
    assert state(session, service.id).since == NOW
    assert session.exec(select(CheckResult)).one().at_ms == round(NOW.timestamp() * 1000)


def test_time_that_comes_again_is_observed_although_the_clock_had_leapt_over_it(
    session: Session,
) -> None:
    service = watched(session, observed_at=NOW + 3 * HOUR)
    no_data(session, service, 2 * HOUR, HOUR)
    no_data(session, service, timedelta(0), -DAY)
    no_data(session, service, 30 * MINUTE, -HOUR)
    realign(session, NOW)
    kept = session.exec(select(NoData.ended_at_ms).order_by(NoData.ended_at_ms)).all()  # type: ignore[arg-type]
    assert kept == [round(at.timestamp() * 1000) for at in (NOW - HOUR, NOW)]


def test_the_past_stays_as_it_was(session: Session) -> None:
    service = watched(session, *outage(HOUR, 30 * MINUTE))
    before = session.exec(select(StatusChange.at)).all()
    realign(session, NOW + DAY)
    realign(session, NOW)
    assert session.exec(select(StatusChange.at)).all() == before
    assert state(session, service.id).observed_at == NOW - MINUTE


def test_offline_time_that_lies_ahead_does_not_hide_the_next(session: Session) -> None:
    connectivity.note_offline(session, "w", since=NOW + HOUR)
    connectivity.note_online(session, "w", now=NOW + HOUR + MINUTE)
    realign(session, NOW)
    connectivity.note_offline(session, "w", since=NOW + MINUTE)
    assert noted_offline(session).since == NOW + MINUTE


def test_a_backlog_is_not_taken_away_from_who_claims_it_in_the_same_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database lets two write at once; where not, the other comes afterwards."""
    with database.write() as session:
        service_id = factories.service(session, next_check_at=NOW - HOUR).id
    spread, claimed = schedule.spread, []

    def claim() -> None:
        with database.write() as session:
            claimed.extend(claim_due(session, "other", limit=1, now=NOW))

    other = threading.Thread(target=claim)

    def spread_meanwhile(*arguments: Any) -> datetime:
        other.start()
        other.join(0 if database.is_sqlite else None)
        return spread(*arguments)

    monkeypatch.setattr(schedule, "spread", spread_meanwhile)
    with database.write() as session:
        clock_steps.begin(session, now=NOW)
    other.join()
    with database.read() as session:
        holder = session.get_one(ServiceState, service_id).worker_id
    assert holder == ("other" if claimed else None)
