"""What `record` sums up, and the time in which nobody looked."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import MINUTE, NOW, SECOND
from webmon.commands.checks.record import Finding, record
from webmon.commands.inventory.services import pause, resume
from webmon.domain.history.rollups import Rollup
from webmon.models import CheckResult, Daily, Hourly, NoData, ServiceState
from webmon.probes.base import Outcome, down, unknown, up

HOUR = timedelta(hours=1)
START = int(NOW.timestamp() // 3600)
UP = up("fine", 1000)


def look(session, service_id: int, outcome: Outcome, at) -> None:
    record(session, [Finding(service_id, None, None, at, outcome)], now=at)


def state(session) -> ServiceState:
    session.expire_all()
    return session.exec(select(ServiceState)).one()


def test_the_hour_that_is_going_on_is_kept_with_the_service(session):
    service = factories.service(session)
    for minute, outcome in enumerate([UP, up("fine", 3000), down("refused"), unknown("no")]):
        look(session, service.id, outcome, NOW + minute * MINUTE)
    kept = Rollup.from_list(state(session).hourly)
    assert state(session).hour == START
    assert (kept.up, kept.down, kept.unknown, kept.average_us) == (2, 1, 1, 2000)
    assert session.exec(select(Hourly)).all() == []


def test_a_full_hour_goes_to_the_tables(session):
    service = factories.service(session, interval_seconds=1800)
    for step in range(5):
        look(session, service.id, UP, NOW + step * HOUR / 2)
    hours = session.exec(select(Hourly).order_by(Hourly.hour)).all()
    assert [(row.hour, row.up) for row in hours] == [(START, 2), (START + 1, 2)]
    [day] = session.exec(select(Daily)).all()
    assert (day.day, day.up, day.answers, day.sum_us) == (START // 24, 4, 4, 4000)
    assert (day.min_us, day.max_us, sum(day.sketch.values())) == (1000, 1000, 4)


def test_every_result_is_summed_up_once_though_the_clock_goes_back_and_forth(session):
    service = factories.service(session)
    steps = [0, 1, 61, 62, 2, 3, 63, 64, 24 * 60 + 5]
    for minute in steps:
        look(session, service.id, UP, NOW + minute * MINUTE)
    hours = session.exec(select(Hourly).order_by(Hourly.hour)).all()
    assert [(row.hour - START, row.up) for row in hours] == [(0, 4), (1, 4)]
    assert sum(row.up for row in session.exec(select(Daily))) == 8
    assert Rollup.from_list(state(session).hourly).up == 1
    assert len(session.exec(select(CheckResult)).all()) == len(steps)


def test_several_services_turn_the_hour_together(session):
    services = [factories.service(session, name) for name in ("a", "b", "c")]
    for at in (NOW, NOW + HOUR):
        findings = [Finding(each.id, None, None, at, UP) for each in services]
        record(session, findings, now=at)
    assert {row.service_id for row in session.exec(select(Hourly))} == {s.id for s in services}


def test_an_hour_that_is_lived_twice_keeps_the_results_of_both(session):
    """A service keeps its rhythm, so both times its checks come at the same milliseconds."""
    services = [factories.service(session, name) for name in ("a", "b", "c")]
    for life in range(3):
        for minute in range(3):
            at = NOW + minute * MINUTE
            findings = [
                Finding(each.id, None, None, at, up("fine", 1000 + 10 * life + minute))
                for each in services
            ]
            record(session, findings, now=at)
    for each in services:
        kept = select(CheckResult.response_us).where(CheckResult.service_id == each.id)
        assert sorted(session.exec(kept)) == [1000, 1001, 1002, 1010, 1011, 1012, 1020, 1021, 1022]
        assert rolled_up(session, each.id) == 9


def rolled_up(session, service_id: int) -> int:
    """How many results the roll-ups have counted by the end of the next hour."""
    look(session, service_id, UP, NOW + HOUR)
    hours = session.exec(select(Hourly).where(Hourly.service_id == service_id)).all()
    return sum(hour.up for hour in hours)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0, 1, 2, 3], []),
        ([0, 2], []),  # one check was left out
        ([0, 30], [(1, 30)]),
        ([0, 1, 61, 62, 200], [(2, 61), (63, 200)]),
    ],
)
def test_time_in_which_nobody_looked_is_no_data(session, minutes, expected):
    service = factories.service(session, interval_seconds=60, timeout_seconds=10)
    for minute in minutes:
        look(session, service.id, UP, NOW + minute * MINUTE)
    rows = session.exec(select(NoData).order_by(NoData.began_at_ms)).all()
    start_ms = round(NOW.timestamp() * 1000)
    assert [
        ((row.began_at_ms - start_ms) // 60_000, (row.ended_at_ms - start_ms) // 60_000)
        for row in rows
    ] == expected


def test_results_that_are_no_data_leave_a_gap(session):
    service = factories.service(session, interval_seconds=60, timeout_seconds=10)
    look(session, service.id, UP, NOW)
    for minute in range(1, 11):
        look(session, service.id, unknown("the monitor is offline"), NOW + minute * MINUTE)
    assert state(session).observed_at == NOW
    look(session, service.id, UP, NOW + 11 * MINUTE)
    [gap] = session.exec(select(NoData)).all()
    assert gap.ended_at_ms - gap.began_at_ms == 10 * 60_000


def test_no_gap_is_left_before_the_first_look_or_after_a_pause(session):
    service = factories.service(session, interval_seconds=60)
    look(session, service.id, UP, NOW + HOUR)
    pause(session, service.id, actor=None, now=NOW + HOUR)
    resume(session, service.id, actor=None, now=NOW + HOUR)
    look(session, service.id, UP, NOW + 3 * HOUR)
    assert session.exec(select(NoData)).all() == []


def test_an_outage_outlasts_a_stop_of_the_monitor_and_alarms_nobody_again(session):
    service = factories.service(session, interval_seconds=60)
    for second in (0, 10):
        look(session, service.id, down("refused"), NOW + second * SECOND)
    look(session, service.id, down("refused"), NOW + HOUR)
    assert state(session).since == NOW
    assert len(session.exec(select(NoData)).all()) == 1
