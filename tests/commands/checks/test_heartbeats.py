"""The life of a heartbeat: signals, silence, edits, pauses, and who wins when two come at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, func, select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon.commands.checks import backlog, heartbeats
from webmon.commands.checks import record as checks
from webmon.commands.checks.record import DueCheck, Finding, claim_due, record
from webmon.commands.config_file.apply import apply_file
from webmon.commands.inventory import services
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.checks.heartbeats import parse_signal
from webmon.domain.checks.status import Status
from webmon.errors import NotFound, PermissionDenied
from webmon.models import (
    CheckResult,
    Heartbeat,
    Host,
    Incident,
    Service,
    ServiceState,
    StatusChange,
)
from webmon.probes.heartbeat import HeartbeatConfig, judge
from webmon.queries.inventory import definitions
from webmon.queries.inventory.heartbeat_urls import heartbeat_url, is_known

MILLISECOND = timedelta(milliseconds=1)
FIELDS: dict[str, Any] = {
    "name": "Import",
    "kind": "heartbeat",
    "config": {"every": "10m", "grace": "5m"},
    "interval_seconds": 600,
}


def create(session: Session, **change: Any) -> str:
    """A heartbeat service; its token."""
    host = factories.host(session)
    service = services.create_service(session, host.id, FIELDS | change, actor=None, now=NOW)
    return token_of(session, service)


def token_of(session: Session, service: Service) -> str:
    return heartbeat_url(session, service.id, actor=None).rpartition("/")[2]


def send(session: Session, token: str, signal: str, at: datetime, body: bytes = b"") -> None:
    meant = parse_signal(signal)
    assert meant is not None
    heartbeats.receive(session, token, meant, body, now=at)
    session.flush()


def finding(check: DueCheck, at: datetime) -> Finding:
    """What the worker finds for a check that it claimed."""
    assert check.heartbeat is not None
    config = HeartbeatConfig.model_validate(check.config)
    outcome = judge(config.plan, check.heartbeat, now=at)
    return Finding(check.service_id, check.claim, check.revision, at, outcome)


def look(session: Session, at: datetime) -> bool:
    """Let the worker do what is due at ``at``; whether anything was."""
    due = claim_due(session, "w", limit=9, now=at)
    record(session, [finding(check, at) for check in due], now=at)
    session.flush()
    return bool(due)


def state(session: Session) -> ServiceState:
    session.expire_all()
    return session.exec(select(ServiceState)).one()


def counted(session: Session, what: type) -> int:
    return session.exec(select(func.count()).select_from(what)).one()


STEPS: list[tuple[str, float, str, str, float | None]] = [
    # what happens, minutes, status after it, a part of the message, minutes of the next check
    ("look", 0, "unknown", "no heartbeat received yet", None),
    ("", 10, "up", "last heartbeat at 10:10 UTC; the next is due by 10:25 UTC", 25),
    ("", 24, "up", "last heartbeat at 10:24 UTC", 39),
    ("look", 39, "down", "no heartbeat since 10:24 UTC (15 min ago); it was due by 10:39", None),
    ("look", 60, "down", "no heartbeat since 10:24 UTC (36 min ago)", None),
    ("start", 61, "down", "no heartbeat since 10:24 UTC (36 min ago)", None),
    ("", 63, "up", "after running 2 min; the next is due by 11:18 UTC", 78),
    ("fail", 70, "down", "the job reported a failure at 11:10 UTC", 85),
    ("0", 71, "up", "last heartbeat at 11:11 UTC; the next", 86),
    ("3", 72, "down", "the job ended with exit status 3 at 11:12 UTC", 87),
    ("look", 87, "down", "no heartbeat since 11:12 UTC (15 min ago); it was due by 11:27", None),
    ("", 90, "up", "last heartbeat at 11:30 UTC; the next", 105),
    ("start", 95, "up", "last heartbeat at 11:30 UTC; the next", 105),
    ("look", 105, "down", "started 10 min ago and has not finished; it was due by 11:45", None),
]


def test_the_whole_life_of_a_heartbeat(session: Session) -> None:
    token = create(session)
    for what, minutes, status, message, next_minutes in STEPS:
        at = NOW + minutes * MINUTE
        if what == "look":
            state(session).next_check_at = at
            session.flush()
            assert look(session, at)
        else:
            send(session, token, what, at)
        after = state(session)
        assert (minutes, after.status) == (minutes, Status(status))
        assert message in after.message, minutes
        if next_minutes is None:
            assert after.next_check_at is not None and after.next_check_at <= at + 10 * MINUTE
        else:
            assert after.next_check_at == NOW + next_minutes * MINUTE, minutes
    assert counted(session, Incident) == 4
    assert counted(session, CheckResult) == len([step for step in STEPS if step[0] != "start"])


def test_the_worker_looks_at_the_deadline_and_not_before(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    assert not look(session, NOW + 14 * MINUTE)
    assert look(session, NOW + 15 * MINUTE)
    assert state(session).status is Status.DOWN
    incident = session.exec(select(Incident)).one()
    assert incident.opened_at == NOW + 15 * MINUTE


def test_a_job_that_never_reported_is_not_down_and_looked_at_rarely(session: Session) -> None:
    create(session)
    looks = sum(look(session, NOW + minute * MINUTE) for minute in range(60))
    assert state(session).status is Status.UNKNOWN
    assert 6 <= looks <= 8


def test_a_job_that_starts_again_and_again_and_never_finishes_is_overdue(session: Session) -> None:
    token = create(session)
    send(session, token, "start", NOW)
    assert state(session).next_check_at == NOW + 15 * MINUTE
    assert counted(session, CheckResult) == 0, "a start says nothing about how it ended"
    send(session, token, "start", NOW + 10 * MINUTE)
    look(session, NOW + 15 * MINUTE)
    assert state(session).message.startswith("started 5 min ago and has not finished")
    assert state(session).status is Status.DOWN


def test_the_run_time_is_the_response_time_even_of_a_long_job(session: Session) -> None:
    token = create(session, config={"every": "1d"})
    send(session, token, "start", NOW)
    send(session, token, "", NOW + 3 * HOUR)
    result = session.exec(select(CheckResult)).one()
    assert result.response_us == state(session).response_us == 3 * 3600 * 1_000_000
    assert state(session).evidence["run_seconds"] == 10_800
    send(session, token, "", NOW + 4 * HOUR)
    assert state(session).response_us is None, "that run had no start"


def test_a_start_without_an_end_does_not_make_the_next_run_slow(session: Session) -> None:
    token = create(session, degraded_above_ms=60_000, failures_to_degraded=1)
    send(session, token, "", NOW)
    send(session, token, "start", NOW + 10 * MINUTE)  # and the machine goes off
    send(session, token, "", NOW + 21 * MINUTE)
    assert (state(session).status, state(session).response_us) == (Status.UP, None)


def test_a_run_that_took_too_long_means_difficulties(session: Session) -> None:
    token = create(session, degraded_above_ms=60_000, failures_to_degraded=1)
    send(session, token, "", NOW)
    send(session, token, "start", NOW + MINUTE)
    send(session, token, "", NOW + 3 * MINUTE)
    assert state(session).status is Status.DEGRADED
    assert state(session).next_check_at == NOW + 18 * MINUTE


def test_what_the_job_says_is_kept_with_its_failure(session: Session) -> None:
    token = create(session)
    send(session, token, "1", NOW + MINUTE, b"pg_dump: \0error\xff\n")
    result = session.exec(select(CheckResult)).one()
    assert result.evidence["body"] == "pg_dump: error\ufffd\n"
    assert result.evidence["exit_status"] == 1
    assert state(session).evidence["body"] == result.evidence["body"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"x" * 10_240, "x" * 10_240),
        (b"x" * 10_241, "x" * 10_240 + "…"),
        (b"x" + "é".encode() * 6000, "x" + "é" * 5119 + "…"),
        (b"\0\0", ""),
    ],
)
def test_a_long_body_is_cut_between_two_characters(body: bytes, text: str) -> None:
    assert heartbeats.readable(body) == text


def test_a_success_counts_once_however_often_the_worker_looks(session: Session) -> None:
    token = create(session, successes_to_up=2)
    send(session, token, "", NOW)
    send(session, token, "fail", NOW + MINUTE)
    send(session, token, "", NOW + 2 * MINUTE)
    for minute in (3, 4, 5):
        service = session.exec(select(Service)).one()
        services.check_now(session, service.id, actor=None, now=NOW + minute * MINUTE)
        assert look(session, NOW + minute * MINUTE)
        assert state(session).status is Status.DOWN
        assert state(session).next_check_at == NOW + 17 * MINUTE
    send(session, token, "", NOW + 6 * MINUTE)
    assert state(session).status is Status.UP


def test_check_now_is_no_heartbeat(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    service = session.exec(select(Service)).one()
    services.check_now(session, service.id, actor=None, now=NOW + 10 * MINUTE)
    assert look(session, NOW + 10 * MINUTE)
    assert (state(session).status, state(session).next_check_at) == ("up", NOW + 15 * MINUTE)
    assert session.exec(select(Heartbeat)).one().last_at == NOW
    look(session, NOW + 15 * MINUTE)
    assert state(session).status is Status.DOWN


def update(session: Session, at: datetime, **change: Any) -> None:
    service = session.exec(select(Service)).one()
    services.update_service(session, service.id, FIELDS | change, actor=None, now=at)


def test_another_name_changes_nothing_about_the_heartbeat(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    update(session, NOW + MINUTE, name="Nightly import")
    look(session, NOW + MINUTE)
    assert (state(session).status, state(session).next_check_at) == ("up", NOW + 15 * MINUTE)
    assert token_of(session, session.exec(select(Service)).one()) == token


def test_a_shorter_interval_gives_the_job_its_time_before_it_counts(session: Session) -> None:
    token = create(session, config={"every": "1d"})
    send(session, token, "", NOW)
    update(session, NOW + HOUR, config={"every": "10m", "grace": "5m"})
    look(session, NOW + HOUR)
    assert state(session).status is Status.UP
    assert state(session).next_check_at == NOW + HOUR + 15 * MINUTE
    look(session, NOW + HOUR + 15 * MINUTE)
    assert state(session).status is Status.DOWN


def test_a_longer_interval_ends_an_outage_that_is_none_any_more(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    look(session, NOW + 15 * MINUTE)
    update(session, NOW + HOUR, config={"every": "1d"})
    look(session, NOW + HOUR)
    assert state(session).status is Status.UP


def test_a_plan_changed_during_an_outage_does_not_end_it(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    look(session, NOW + 15 * MINUTE)
    update(session, NOW + HOUR, config={"every": "11m", "grace": "5m"})
    look(session, NOW + HOUR)
    assert state(session).status is Status.DOWN


def test_during_a_pause_nothing_is_recorded_and_after_it_the_time_starts_again(
    session: Session,
) -> None:
    token = create(session)
    send(session, token, "", NOW)
    service = session.exec(select(Service)).one()
    services.pause(session, service.id, actor=None, now=NOW + MINUTE)
    send(session, token, "fail", NOW + 2 * MINUTE)
    send(session, token, "start", NOW + 3 * MINUTE)
    assert (state(session).status, state(session).next_check_at) == (Status.PAUSED, None)
    assert counted(session, CheckResult) == 1
    services.resume(session, service.id, actor=None, now=NOW + 24 * HOUR)
    look(session, NOW + 24 * HOUR)
    after = state(session)
    assert (after.status, after.next_check_at) == ("unknown", NOW + 24 * HOUR + 15 * MINUTE)
    send(session, token, "", NOW + 24 * HOUR + MINUTE)
    assert state(session).status is Status.UP


def test_a_short_pause_leaves_a_success_that_is_in_time(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    service = session.exec(select(Service)).one()
    services.pause(session, service.id, actor=None, now=NOW + MINUTE)
    services.resume(session, service.id, actor=None, now=NOW + 2 * MINUTE)
    look(session, NOW + 2 * MINUTE)
    assert (state(session).status, state(session).next_check_at) == ("up", NOW + 15 * MINUTE)


def test_a_restarted_worker_does_not_take_a_distant_deadline_for_a_stray(session: Session) -> None:
    token = create(session, config={"every": "7d"})
    send(session, token, "", NOW)
    backlog.spread_backlog(session, now=NOW + HOUR)
    look(session, NOW + HOUR + MINUTE)
    after = state(session)
    assert (after.status, after.next_check_at) == ("up", NOW + 7 * 24 * HOUR + 5 * MINUTE)


def test_a_heartbeat_that_comes_while_the_worker_looks_wins(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    at = NOW + 15 * MINUTE
    [check] = claim_due(session, "w", limit=9, now=at)
    overdue = finding(check, at)
    send(session, token, "", at + 100 * MILLISECOND)
    record(session, [overdue], now=at + SECOND)
    after = state(session)
    assert (after.status, after.worker_id, after.lease_until) == ("up", None, None)
    assert after.next_check_at == at + 100 * MILLISECOND + 15 * MINUTE
    assert counted(session, Incident) == 0
    assert counted(session, StatusChange) == 1


def test_a_heartbeat_after_the_worker_recorded_ends_the_outage(session: Session) -> None:
    token = create(session)
    send(session, token, "", NOW)
    look(session, NOW + 15 * MINUTE)
    send(session, token, "", NOW + 15 * MINUTE)
    assert state(session).status is Status.UP
    assert session.exec(select(Incident)).one().resolved_at is not None


def test_two_heartbeats_in_one_millisecond_are_two_results(session: Session) -> None:
    token = create(session)
    for _ in range(3):
        send(session, token, "", NOW)
    assert counted(session, CheckResult) == 3


def test_heartbeats_that_are_recorded_in_the_reverse_order_are_all_kept(session: Session) -> None:
    token = create(session)
    for number in reversed(range(20)):
        send(session, token, "", NOW + number * MILLISECOND)
    for _ in range(20):
        send(session, token, "", NOW)
    assert counted(session, CheckResult) == 40


def test_many_heartbeats_at_once_are_all_recorded(database: Database) -> None:
    with database.write() as session:
        token = create(session)
    together = threading.Barrier(8)

    def report(number: int) -> None:
        together.wait()
        with database.write() as session:
            at = NOW + (number + 1) * MILLISECOND
            send(session, token, "" if number % 2 else "fail", at)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(report, range(8)))
    with database.read() as session:
        assert counted(session, CheckResult) == 8
        last = session.exec(select(Heartbeat)).one()
        expected = Status.DOWN if last.failed else Status.UP
        assert session.exec(select(ServiceState)).one().status is expected


def test_heartbeats_and_the_worker_at_once_never_leave_a_live_job_down(database: Database) -> None:
    with database.write() as session:
        token = create(session)
        send(session, token, "", NOW)
    for turn in range(1, 11):
        at = NOW + turn * 15 * MINUTE
        together = threading.Barrier(2)

        def work(at: datetime = at, together: threading.Barrier = together) -> None:
            with database.write() as session:
                due = claim_due(session, "w", limit=9, now=at)
            together.wait()
            with database.write() as session:
                checks.record(session, [finding(check, at) for check in due], now=at)

        def report(at: datetime = at, together: threading.Barrier = together) -> None:
            together.wait()
            with database.write() as session:
                send(session, token, "", at + MILLISECOND)

        with ThreadPoolExecutor(2) as threads:
            for future in (threads.submit(work), threads.submit(report)):
                future.result()
        with database.read() as session:
            after = session.exec(select(ServiceState)).one()
            assert (after.status, after.worker_id) == (Status.UP, None)
            assert after.next_check_at == at + MILLISECOND + 15 * MINUTE


def test_an_unknown_token_is_nobody_s(session: Session) -> None:
    token = create(session)
    assert is_known(session, token)
    for wrong in ("", token[:-1], token_hash(token), token.swapcase(), "\0", "ü" * 50):
        assert not is_known(session, wrong)
        with pytest.raises(NotFound):
            send(session, wrong, "", NOW)


def test_a_deleted_service_takes_its_address_with_it(session: Session) -> None:
    token = create(session)
    service = session.exec(select(Service)).one()
    services.delete_service(session, service.id, actor=None, now=NOW)
    assert not is_known(session, token)


def test_another_kind_has_no_address_and_a_heartbeat_again_a_new_one(session: Session) -> None:
    token = create(session)
    service = session.exec(select(Service)).one()
    update(session, NOW, kind="tcp", config={"port": 80})
    session.expire_all()
    assert heartbeat_url(session, service.id, actor=None) == ""
    assert not is_known(session, token)
    update(session, NOW)
    session.expire_all()
    assert token_of(session, service) != token


def test_the_address_is_stored_encrypted_and_shown_to_who_may_change_the_service(
    session: Session,
) -> None:
    token = create(session)
    heartbeat = session.exec(select(Heartbeat)).one()
    assert len(token) == 32
    assert token not in (heartbeat.token, heartbeat.token_hash)
    editor, viewer = Actor(1, "e", Role.EDITOR), Actor(2, "v", Role.VIEWER)
    elsewhere = Actor(3, "x", Role.ADMIN, frozenset({999}))
    url = heartbeat_url(session, heartbeat.service_id, actor=editor)
    assert url == f"http://localhost:8000/api/v1/heartbeats/{token}"
    for other in (viewer, elsewhere):
        with pytest.raises((NotFound, PermissionDenied)):
            heartbeat_url(session, heartbeat.service_id, actor=other)
    with pytest.raises(NotFound):
        heartbeat_url(session, 999, actor=editor)


def test_the_file_creates_heartbeats_and_applying_it_again_keeps_them(
    session: Session, tmp_path
) -> None:
    file = tmp_path / "webmon.yaml"
    file.write_text(
        "namespaces: [{slug: iati, name: IATI}]\n"
        "hosts:\n"
        "  - name: Datastore\n"
        "    namespace: iati\n"
        "    services:\n"
        "      - {name: Import, kind: heartbeat, config: {schedule: '0 2 * * *', grace: 30m}}\n"
    )
    apply_file(session, file, prune=True, now=NOW)
    [definition] = definitions.services_of(session, "Datastore", "Import")
    assert definition.heartbeat is not None
    assert definition.report_to.startswith("http://localhost:8000/api/v1/heartbeats/")
    assert apply_file(session, file, prune=True, now=NOW + HOUR).lines == []
    assert definitions.services_of(session, "Datastore", "Import") == [definition]
    assert session.exec(select(Host)).one().name == "Datastore"
