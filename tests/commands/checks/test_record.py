"""Claiming and recording: what is due, who has it, and what follows from a result."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import MINUTE, NOW, SECOND
from webmon.commands.checks import backlog, workers
from webmon.commands.checks.record import LEASE, DueCheck, Finding, claim_due, record
from webmon.commands.inventory import services
from webmon.domain.checks.schedule import next_slot
from webmon.domain.checks.status import Status
from webmon.models import CheckResult, Incident, NoData, Service, ServiceState, StatusChange
from webmon.probes.base import Outcome, down, unable, unknown, up

UP = up("200 OK", 1200)
DOWN = down("connection refused by 127.0.0.1:80")
SLOW = Outcome(Status.DEGRADED, "slow: 900 ms", 900_000)


def found(check: DueCheck, outcome: Outcome, at=NOW) -> Finding:
    return Finding(check.service_id, check.claim, check.revision, at, outcome)


def look(session: Session, outcome: Outcome, at) -> None:
    """Claim the only service and record ``outcome`` for it, all at ``at``."""
    session.exec(select(ServiceState)).one().next_check_at = at
    session.flush()
    [check] = claim_due(session, "w", limit=1, now=at)
    record(session, [found(check, outcome, at)], now=at)
    session.expire_all()


def state(session: Session) -> ServiceState:
    session.expire_all()
    return session.exec(select(ServiceState)).one()


def test_what_is_due_within_the_next_second_is_claimed_with_its_own_instant(session):
    early = factories.service(session, "a", next_check_at=NOW - 2 * SECOND)
    soon = factories.service(session, "b", next_check_at=NOW + 0.9 * SECOND)
    factories.service(session, "c", next_check_at=NOW + 3 * SECOND)
    claimed = claim_due(session, "w", limit=10, now=NOW)
    assert {check.service_id: check.due_at for check in claimed} == {
        early.id: NOW - 2 * SECOND,
        soon.id: NOW + 0.9 * SECOND,
    }


def test_a_claimed_check_is_claimed_by_nobody_else(session):
    factories.service(session)
    assert len(claim_due(session, "w1", limit=10, now=NOW)) == 1
    assert claim_due(session, "w2", limit=10, now=NOW + MINUTE) == []


def test_a_claim_takes_the_oldest_first_and_no_more_than_asked(session):
    factories.service(session, "new", next_check_at=NOW)
    old = factories.service(session, "old", next_check_at=NOW - MINUTE)
    assert [check.service_id for check in claim_due(session, "w", limit=1, now=NOW)] == [old.id]
    assert claim_due(session, "w", limit=0, now=NOW) == []


def test_a_paused_service_is_never_due(session):
    factories.service(session, paused=True, next_check_at=None)
    assert claim_due(session, "w", limit=10, now=NOW + 1000 * MINUTE) == []


def test_a_check_that_is_over_a_hair_before_its_slot_was_that_slots_check(session):
    service = factories.service(session, interval_seconds=20)
    slot = next_slot(service.id, 20, NOW)
    state(session).next_check_at = slot
    early = slot - timedelta(milliseconds=1)
    [check] = claim_due(session, "w", limit=1, now=early)
    record(session, [found(check, UP, early)], now=early)
    assert state(session).next_check_at == slot + 20 * SECOND


def test_a_lost_check_is_due_again_when_its_lease_ends(session):
    factories.service(session)
    [lost] = claim_due(session, "w1", limit=10, now=NOW)
    [again] = claim_due(session, "w2", limit=10, now=NOW + LEASE)
    record(session, [found(lost, DOWN)], now=NOW + LEASE)
    assert session.exec(select(CheckResult)).all() == [], "the old claim does not count any more"
    record(session, [found(again, UP)], now=NOW + LEASE)
    assert state(session).status is Status.UP


def test_check_now_while_a_check_is_under_way_is_kept_for_afterwards(session):
    factories.service(session)
    [check] = claim_due(session, "w", limit=1, now=NOW)
    state(session).next_check_at = NOW + SECOND
    session.flush()
    assert claim_due(session, "w", limit=1, now=NOW + SECOND) == [], "one at a time"
    record(session, [found(check, UP)], now=NOW + 2 * SECOND)
    assert state(session).next_check_at == NOW + SECOND
    assert len(claim_due(session, "w", limit=1, now=NOW + 2 * SECOND)) == 1


def test_a_result_keeps_numbers_and_the_next_check_comes_at_the_service_own_slot(session):
    service = factories.service(session, interval_seconds=60)
    [check] = claim_due(session, "w", limit=1, now=NOW)
    record(session, [found(check, UP)], now=NOW + SECOND)
    result = session.exec(select(CheckResult)).one()
    assert (result.service_id, result.status, result.response_us) == (service.id, 0, 1200)
    assert (result.message, result.evidence) == (None, None)
    now_state = state(session)
    assert now_state.lease_until is None and now_state.worker_id is None
    assert NOW < now_state.next_check_at <= NOW + 61 * SECOND
    assert (now_state.status, now_state.message, now_state.response_us) == ("up", "200 OK", 1200)


def test_one_failure_is_rechecked_soon_and_does_not_make_it_down(session):
    factories.service(session, interval_seconds=3600, retry_seconds=10)
    look(session, UP, NOW)
    look(session, DOWN, NOW + MINUTE)
    assert state(session).status is Status.UP
    assert state(session).next_check_at <= NOW + MINUTE + 10 * SECOND
    assert session.exec(select(Incident)).all() == []


def test_an_outage_opens_one_incident_from_its_first_failure_and_recovery_ends_it(session):
    service = factories.service(session)
    look(session, UP, NOW)
    for second in (60, 70, 80, 90):
        look(session, DOWN, NOW + second * SECOND)
    incident = session.exec(select(Incident)).one()
    assert incident.opened_at == NOW + 60 * SECOND
    assert (incident.service_id, incident.resolved_at) == (service.id, None)
    assert incident.message == DOWN.message
    look(session, UP, NOW + 180 * SECOND)
    session.refresh(incident)
    assert incident.resolved_at == NOW + 180 * SECOND
    assert incident.duration_seconds == 120
    changes = session.exec(select(StatusChange).order_by(StatusChange.id)).all()
    assert [(c.from_status, c.to_status, c.at, c.decided_at) for c in changes] == [
        ("unknown", "up", NOW, NOW),
        ("up", "down", NOW + 60 * SECOND, NOW + 70 * SECOND),
        ("down", "up", NOW + 180 * SECOND, NOW + 180 * SECOND),
    ]


def test_difficulties_open_no_incident(session):
    factories.service(session)
    for second in (0, 60, 120):
        look(session, SLOW, NOW + second * SECOND)
    assert state(session).status is Status.DEGRADED
    assert session.exec(select(Incident)).all() == []


def test_a_probe_that_could_not_look_leaves_no_trace_but_its_result(session):
    factories.service(session, interval_seconds=3600)
    look(session, UP, NOW)
    look(session, unknown("not allowed to ping"), NOW + MINUTE)
    assert state(session).status is Status.UP
    assert (state(session).last_status, state(session).up_count) == ("unknown", 1)
    assert state(session).next_check_at == next_slot(state(session).service_id, 3600, NOW + MINUTE)
    results = session.exec(select(CheckResult).order_by(CheckResult.at_ms)).all()
    assert [result.status for result in results] == [0, 3]


def test_a_certain_outcome_needs_no_confirmation_and_may_say_when_to_look_next(session):
    service = factories.service(session)
    look(session, UP, NOW)
    failed = replace(DOWN, certain=True, next_at=NOW + 7 * MINUTE)
    record(session, [Finding(service.id, None, None, NOW + MINUTE, failed)], now=NOW + MINUTE)
    assert state(session).status is Status.DOWN
    assert state(session).next_check_at == NOW + 7 * MINUTE


def test_evidence_is_kept_for_the_last_result_and_the_last_failures_of_a_run(session):
    factories.service(session)
    other = factories.service(session, name="Other")
    for minute in range(8):
        at = NOW + minute * MINUTE
        for check in claim_due(session, "w", limit=9, now=at + MINUTE):
            told = down("refused", evidence={"seen": minute, "of": check.service_id})
            record(session, [found(check, UP if minute < 2 else told, at)], now=at)
    kept = select(CheckResult.evidence).where(CheckResult.service_id == other.id)
    evidence = session.exec(kept.order_by(CheckResult.at_ms)).all()
    assert evidence == [None] * 3 + [{"seen": each, "of": other.id} for each in range(3, 8)]
    states = session.exec(select(ServiceState)).all()
    assert [each.evidence["seen"] for each in states] == [7, 7]
    first = select(StatusChange.evidence).where(StatusChange.to_status == Status.DOWN)
    assert [each["seen"] for each in session.exec(first)] == [3, 3]


def test_a_new_run_of_failures_leaves_the_evidence_of_the_one_before(session):
    factories.service(session)
    seen = [DOWN] * 7 + [UP] + [DOWN] * 3 + [UP] + [SLOW] * 6
    for minute, outcome in enumerate(seen):
        look(session, replace(outcome, evidence={"seen": minute}), NOW + minute * MINUTE)
    rows = session.exec(select(CheckResult).order_by(CheckResult.at_ms)).all()
    kept = [each.evidence["seen"] for each in rows if each.evidence]
    assert kept == [2, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15, 16, 17]
    assert all(each.message for each in rows if each.status)


def test_looks_in_vain_take_no_evidence_from_the_last_failures(session):
    factories.service(session)
    seen = [UP] + [DOWN] * 3 + [UP] * 6 + [unknown("no answer from the resolver")] * 9
    for minute, outcome in enumerate(seen):
        look(session, replace(outcome, evidence={"seen": minute}), NOW + minute * MINUTE)
    rows = session.exec(select(CheckResult).order_by(CheckResult.at_ms)).all()
    assert [each.evidence["seen"] for each in rows if each.evidence] == [1, 2, 3]
    assert state(session).evidence["seen"] == len(seen) - 1
    assert {each.message for each in rows[-9:]} == {"no answer from the resolver"}


def test_a_certificate_of_another_issuer_is_noted_from_then_on(session):
    factories.service(session)
    for minute, issuer in enumerate(["Old CA", "New CA", "New CA"]):
        look(session, up("valid", 1, issuer=issuer), NOW + minute * MINUTE)
        noted = state(session).evidence.get("former_issuer")
        assert noted == (None if issuer == "Old CA" else "Old CA")


@pytest.mark.parametrize("edit", [{"revision": 2}, {"paused": True}])
def test_a_result_from_before_an_edit_or_a_pause_is_not_recorded(session, edit):
    service = factories.service(session)
    [check] = claim_due(session, "w", limit=1, now=NOW)
    for name, value in edit.items():
        setattr(service, name, value)
    session.flush()
    record(session, [found(check, DOWN)], now=NOW + SECOND)
    assert session.exec(select(CheckResult)).all() == []
    after = state(session)
    assert after.lease_until is None
    assert after.next_check_at == (None if service.paused else NOW + SECOND)
    assert after.status is Status.UNKNOWN


def test_deleting_a_service_while_its_check_is_under_way_does_no_harm(session):
    doomed, other = factories.service(session, "a"), factories.service(session, "b")
    checks = claim_due(session, "w", limit=2, now=NOW)
    session.delete(session.get(Service, doomed.id))
    session.flush()
    record(session, [found(check, UP) for check in checks], now=NOW)
    assert [result.service_id for result in session.exec(select(CheckResult))] == [other.id]


def test_two_workers_claim_every_check_once(database):
    with database.write() as session:
        host = factories.host(session)
        for number in range(60):
            factories.service(session, f"s{number}", host_id=host.id)
    claimed: list[int] = []
    for turn in range(6):
        with database.write() as session:
            claimed += [
                check.service_id for check in claim_due(session, f"w{turn % 2}", limit=15, now=NOW)
            ]
    assert len(claimed) == len(set(claimed)) == 60


def test_workers_that_are_alive_take_turns(session):
    assert workers.tick(session, "b", now=NOW) == 0
    assert workers.tick(session, "c", now=NOW) == 1 / 2
    assert workers.tick(session, "a", now=NOW + 5 * SECOND) == 0
    assert workers.tick(session, "c", now=NOW + 9 * SECOND) == 2 / 3
    assert workers.tick(session, "c", now=NOW + 11 * SECOND) == 1 / 2  # b has fallen silent


def test_the_leases_of_a_silent_worker_are_due_again_at_once(session):
    factories.service(session)
    workers.tick(session, "dead", now=NOW)
    workers.tick(session, "alive", now=NOW + 11 * SECOND)
    claim_due(session, "dead", limit=1, now=NOW)
    silent = workers.retire_silent(session, asked_by="alive", now=NOW + 11 * SECOND)
    assert silent == ["dead"]
    assert len(claim_due(session, "alive", limit=1, now=NOW + 11 * SECOND)) == 1


def test_what_was_paused_under_way_stays_so_when_its_worker_dies(session):
    service = factories.service(session)
    workers.tick(session, "dead", now=NOW)
    claim_due(session, "dead", limit=1, now=NOW)
    services.pause(session, service.id, actor=None, now=NOW + SECOND)
    workers.retire(session, "dead", now=NOW + 2 * SECOND)
    assert (state(session).next_check_at, state(session).worker_id) == (None, None)
    assert claim_due(session, "next", limit=1, now=NOW + MINUTE) == []


def test_what_was_paused_under_way_does_not_hold_up_a_start_by_an_earlier_clock(session):
    service = factories.service(session)
    later = NOW + timedelta(hours=1)
    claim_due(session, "dead", limit=1, now=later)
    services.pause(session, service.id, actor=None, now=later)
    assert backlog.spread_backlog(session, now=NOW) == 0
    assert state(session).next_check_at is None


def test_asking_for_silent_workers_is_a_sign_of_life(session):
    workers.tick(session, "slow", now=NOW)
    assert workers.retire_silent(session, asked_by="slow", now=NOW + 11 * SECOND) == []


def test_a_backlog_is_spread_evenly_over_one_interval(session):
    host = factories.host(session)
    for number in range(100):
        factories.service(
            session,
            f"s{number}",
            host_id=host.id,
            interval_seconds=20,
            next_check_at=NOW - timedelta(hours=1),
        )
    assert backlog.spread_backlog(session, now=NOW) == 100
    session.expire_all()
    due = sorted(row.next_check_at for row in session.exec(select(ServiceState)))
    offsets = [(at - NOW).total_seconds() for at in due]
    assert offsets[0] >= 0
    assert offsets[-1] < 20
    gaps = [later - sooner for sooner, later in pairwise(offsets)]
    assert max(gaps) < 0.6


def test_after_the_clock_went_back_nothing_waits_longer_than_its_interval(session):
    factories.service(session, interval_seconds=60, next_check_at=NOW + timedelta(hours=1))
    distant = factories.service(session, "daily", interval_seconds=86_400)
    session.get(ServiceState, distant.id).next_check_at = NOW + timedelta(hours=3)
    session.flush()
    assert backlog.spread_backlog(session, now=NOW) == 1
    session.expire_all()
    assert session.get(ServiceState, distant.id).next_check_at == NOW + timedelta(hours=3)


@pytest.mark.parametrize("before", [UP, DOWN, SLOW])
def test_what_can_no_longer_be_looked_at_is_neither_up_nor_down(session, before):
    factories.service(session, interval_seconds=60, failures_to_down=1, failures_to_degraded=1)
    look(session, before, NOW)
    look(session, unable("no SSH access"), NOW + 10 * MINUTE)
    now_state = state(session)
    assert now_state.status is now_state.last_status is Status.UNKNOWN
    assert (now_state.since, now_state.message) == (NOW + 10 * MINUTE, "no SSH access")
    assert [each.resolved_at for each in session.exec(select(Incident))] in (
        [],
        [NOW + 10 * MINUTE],
    )
    assert len(session.exec(select(NoData)).all()) == 1, "the minutes before were not seen either"
    look(session, unable("no SSH access"), NOW + 11 * MINUTE)
    assert state(session).since == NOW + 10 * MINUTE
    look(session, before, NOW + 12 * MINUTE)
    assert state(session).status is before.status
    assert [each.to_status for each in session.exec(select(StatusChange))] == [
        before.status,
        Status.UNKNOWN,
        before.status,
    ]


def test_results_of_one_millisecond_are_all_kept(session):
    """Also where later ones are there already: heartbeats are stored in any order."""
    service = factories.service(session)
    later = [timedelta(milliseconds=each) for each in (0, 500, 501, 502, 1000)]
    for after in (*later, later[0], later[1], later[0]):
        record(session, [Finding(service.id, None, None, NOW + after, UP)], now=NOW + MINUTE)
    stored = session.exec(select(CheckResult.at_ms).order_by(CheckResult.at_ms)).all()
    begin = round(NOW.timestamp() * 1000)
    assert [each - begin for each in stored] == [0, 1, 2, 500, 501, 502, 503, 1000]
