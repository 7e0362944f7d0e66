"""The monitor's own absence: reports expected while the monitor was away are waited for again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon.commands.checks import backlog, heartbeats
from webmon.commands.checks.heartbeat_listening import listen
from webmon.commands.checks.record import Finding, claim_due, record
from webmon.commands.inventory import services
from webmon.domain.checks.heartbeats import parse_signal
from webmon.domain.checks.status import Status
from webmon.models import Heartbeat, Incident, Service, ServiceState, Setting
from webmon.probes.heartbeat import HeartbeatConfig, judge
from webmon.queries.inventory.heartbeat_urls import heartbeat_url
from webmon.queries.system.listening import LISTENED_UNTIL

DAY = 24 * HOUR
HOURLY: dict[str, Any] = {"every": "1h", "grace": "5m"}
NIGHTLY: dict[str, Any] = {"schedule": "0 2 * * *", "grace": "30m"}


def create(session: Session, config: dict[str, Any]) -> str:
    """A heartbeat service, reported to at NOW while somebody listened; its token."""
    fields = {"name": "Import", "kind": "heartbeat", "config": config}
    host = factories.host(session)
    service = services.create_service(session, host.id, fields, actor=None, now=NOW)
    token = heartbeat_url(session, service.id, actor=None).rpartition("/")[2]
    listen(session, now=NOW)
    send(session, token, "", NOW)
    return token


def send(session: Session, token: str, signal: str, at: datetime) -> None:
    meant = parse_signal(signal)
    assert meant is not None
    heartbeats.receive(session, token, meant, b"", now=at)
    session.flush()


def listened(session: Session, until: datetime) -> None:
    """Somebody has noted again and again that he listened, the last time at ``until``."""
    session.merge(Setting(name=LISTENED_UNTIL, value=until.isoformat()))
    session.flush()


def look(session: Session, at: datetime) -> ServiceState:
    """Let the worker do what is due at ``at``; the state after it."""
    findings = []
    for check in claim_due(session, "w", limit=9, now=at):
        assert check.heartbeat is not None
        plan = HeartbeatConfig.model_validate(check.config).plan
        outcome = judge(plan, check.heartbeat, now=at)
        findings.append(Finding(check.service_id, check.claim, check.revision, at, outcome))
    record(session, findings, now=at)
    session.flush()
    session.expire_all()
    return session.exec(select(ServiceState)).one()


def incidents(session: Session) -> int:
    return len(session.exec(select(Incident)).all())


@pytest.mark.parametrize("worker_is_first", [True, False])
@pytest.mark.parametrize(
    ("config", "deadline"),
    [
        (HOURLY, NOW + DAY + 65 * MINUTE),
        (NIGHTLY, NOW + DAY + 16 * HOUR + 30 * MINUTE),
    ],
)
def test_after_a_stop_each_job_has_its_whole_time_before_it_is_overdue(
    session: Session, config: dict[str, Any], deadline: datetime, worker_is_first: bool
) -> None:
    create(session, config)
    back_at = NOW + DAY
    backlog.spread_backlog(session, now=back_at)
    if worker_is_first:
        after = look(session, back_at + MINUTE)
        assert (after.status, incidents(session)) == (Status.UP, 0)
        assert after.message.startswith("no heartbeat can be received: no web process has run")
    assert listen(session, now=back_at) == 1
    backlog.spread_backlog(session, now=back_at)
    after = look(session, back_at + 2 * MINUTE)
    assert (after.status, after.next_check_at, incidents(session)) == ("up", deadline, 0)
    listened(session, deadline)
    assert look(session, deadline).status is Status.DOWN


def test_what_was_not_expected_meanwhile_keeps_its_deadline(session: Session) -> None:
    create(session, NIGHTLY)
    assert listen(session, now=NOW + 15 * HOUR) == 0
    deadline = NOW + 16 * HOUR + 30 * MINUTE
    listened(session, deadline)
    assert look(session, deadline).status is Status.DOWN


def test_a_daily_stop_hides_no_job_that_has_died(session: Session) -> None:
    create(session, {"every": "7d"})
    for day in range(1, 8):
        listened(session, NOW + day * DAY - HOUR)
        assert listen(session, now=NOW + day * DAY - 50 * MINUTE) == 0
    deadline = NOW + 7 * DAY + 5 * MINUTE
    listened(session, deadline)
    assert look(session, deadline).status is Status.DOWN


def test_what_was_overdue_before_a_stop_stays_so_and_is_no_new_outage(session: Session) -> None:
    create(session, HOURLY)
    listened(session, NOW + 2 * HOUR)
    assert look(session, NOW + 2 * HOUR).status is Status.DOWN
    assert listen(session, now=NOW + DAY) == 0
    assert look(session, NOW + DAY).status is Status.DOWN
    assert incidents(session) == 1


def test_nothing_is_overdue_before_it_is_known_that_somebody_listened_so_long(
    session: Session,
) -> None:
    create(session, HOURLY)
    deadline = NOW + 65 * MINUTE
    listened(session, deadline - SECOND)
    after = look(session, deadline)
    assert (after.status, after.next_check_at) == (Status.UP, deadline + 2 * SECOND)
    assert listen(session, now=deadline + SECOND) == 0
    assert look(session, deadline + 2 * SECOND).status is Status.DOWN


def test_a_job_that_was_running_during_the_stop_has_its_whole_time_to_finish(
    session: Session,
) -> None:
    token = create(session, HOURLY)
    send(session, token, "start", NOW + 50 * MINUTE)
    listened(session, NOW + 55 * MINUTE)
    listen(session, now=NOW + 3 * HOUR)
    assert look(session, NOW + 3 * HOUR + 64 * MINUTE).status is Status.UP
    send(session, token, "", NOW + 3 * HOUR + 64 * MINUTE)
    assert look(session, NOW + 4 * HOUR + 5 * MINUTE).status is Status.UP


def test_a_job_that_never_reported_is_still_not_awaited(session: Session) -> None:
    host = factories.host(session)
    fields = {"name": "Import", "kind": "heartbeat", "config": HOURLY}
    services.create_service(session, host.id, fields, actor=None, now=NOW)
    assert listen(session, now=NOW + DAY) == 0
    assert look(session, NOW + DAY).status is Status.UNKNOWN


def test_a_paused_service_stays_out_of_it(session: Session) -> None:
    create(session, HOURLY)
    service = session.exec(select(Service)).one()
    services.pause(session, service.id, actor=None, now=NOW + MINUTE)
    assert listen(session, now=NOW + DAY) == 0
    assert look(session, NOW + DAY).next_check_at is None


def test_a_clock_that_was_ahead_for_a_day_neither_alarms_nor_blinds(session: Session) -> None:
    token = create(session, HOURLY)
    ahead = NOW + DAY
    assert listen(session, now=ahead) == 1
    send(session, token, "", ahead + MINUTE)
    look(session, ahead + MINUTE)
    right = NOW + 10 * MINUTE
    assert listen(session, now=right) == 1
    after = look(session, right)
    assert (after.status, after.next_check_at) == (Status.UP, right + 65 * MINUTE)
    listened(session, right + 65 * MINUTE)
    assert look(session, right + 65 * MINUTE).status is Status.DOWN
    assert incidents(session) == 1
    last_at = session.exec(select(Heartbeat)).one().last_at
    assert last_at == right


def test_a_configuration_that_cannot_be_read_does_not_stand_in_the_others_way(
    session: Session,
) -> None:
    create(session, HOURLY)
    other = factories.service(session, "Other", kind="heartbeat", config=HOURLY)
    heartbeats.prepare(session, other, now=NOW)
    other.config = {"every": "never"}
    session.flush()
    assert listen(session, now=NOW + DAY) == 1


def test_a_short_gap_between_two_notes_is_no_silence(session: Session) -> None:
    create(session, {"every": "10s", "grace": "1s"})
    assert listen(session, now=NOW + 5 * SECOND) == 0
    assert listen(session, now=NOW + 11 * SECOND) == 1
    assert listen(session, now=NOW + 11 * SECOND - timedelta(milliseconds=20)) == 0
