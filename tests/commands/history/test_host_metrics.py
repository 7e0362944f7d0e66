"""Disks, load and memory are kept by hour and by day."""

from datetime import timedelta

from sqlmodel import Session, col, func, select

from tests import factories
from tests.clock import MINUTE, NOW
from webmon.commands.checks.record import Finding, record
from webmon.commands.history.retention import Kept, delete_expired
from webmon.domain.checks.status import Status
from webmon.models import HostMetricDay, HostMetricHour, Service
from webmon.probes.base import Outcome, unknown

DAY = timedelta(days=1)
CONFIG = {"disk_warn_percent": 80}


def machine(session: Session) -> Service:
    return factories.service(session, "Machine", kind="host_metrics", config=CONFIG)


def told(percent: float, load: float = 1.0) -> Outcome:
    disk = {"mount": "/", "used_percent": percent, "free_bytes": 1, "inodes_percent": None}
    evidence = {"load_5m": load, "disks": [disk]}
    return Outcome(Status.UP, "fine", 1000, evidence=evidence)


def look(session: Session, service: Service, outcome: Outcome, at=NOW) -> None:
    record(session, [Finding(service.id, None, None, at, outcome)], now=at)


def test_the_values_of_an_hour_and_of_a_day_are_summed_up(session: Session) -> None:
    service = machine(session)
    for minutes, percent in ((0, 70), (1, 72), (2, 71), (90, 74)):
        look(session, service, told(percent), NOW + minutes * MINUTE)
    hours = session.exec(
        select(HostMetricHour)
        .where(HostMetricHour.series == "disk /")
        .order_by(col(HostMetricHour.hour))
    ).all()
    assert [(row.count, row.sum, row.min, row.max, row.last) for row in hours] == [
        (3, 213, 70, 72, 71),
        (1, 74, 74, 74, 74),
    ]
    [day] = session.exec(select(HostMetricDay).where(HostMetricDay.series == "disk /")).all()
    assert (day.count, day.min, day.max, day.last) == (4, 70, 74, 74)
    assert set(session.exec(select(HostMetricHour.series))) == {"disk /", "load"}


def test_two_looks_in_one_batch_count_both(session: Session) -> None:
    service = machine(session)
    findings = [
        Finding(service.id, None, None, NOW + each * MINUTE, told(70 + each)) for each in range(2)
    ]
    record(session, findings, now=NOW + MINUTE)
    [row] = session.exec(select(HostMetricHour).where(HostMetricHour.series == "disk /")).all()
    assert (row.count, row.last) == (2, 71)


def test_a_look_that_failed_leaves_no_values(session: Session) -> None:
    look(session, machine(session), unknown("SSH is not set up"))
    assert session.exec(select(HostMetricHour)).all() == []


def test_hours_expire_and_days_stay(session: Session) -> None:
    service = machine(session)
    for days in (500, 1):
        look(session, service, told(70), NOW - days * DAY)
    kept = Kept.at(NOW, raw_days=30, hourly_days=400)
    after: int | None = 0
    while after is not None:
        after = delete_expired(session, kept, after=after).after
    count = func.count(func.distinct(HostMetricHour.hour))
    assert session.exec(select(count)).one() == 1
    assert session.exec(select(func.count(func.distinct(HostMetricDay.day)))).one() == 2
