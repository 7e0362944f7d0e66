"""The figures of one service, and its last days."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.queries.histories import no_data, outage, watched
from webmon.domain.checks.status import Status
from webmon.domain.history.rollups import Rollup
from webmon.models import CheckResult, Daily, Hourly, Service
from webmon.models.history import STATUS_CODES
from webmon.queries.history.response_times import ResponseTimes, last_day
from webmon.queries.history.statistics import FigureView, service_statistics
from webmon.queries.history.uptime import percentage

DAY = timedelta(days=1)
THIS_HOUR = int(NOW.timestamp()) // 3600
TODAY = THIS_HOUR // 24


def told(figures: tuple[FigureView, ...]) -> list[str]:
    return [f"{each.name}: {each.value}" for each in figures]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not observed"),
        (100.0, "100 %"),
        (99.9999, "99.99 %"),
        (99.5, "99.50 %"),
        (99.29, "99.29 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_percentage_is_never_rounded_up(value: float | None, text: str) -> None:
    assert percentage(value) == text


def test_uptime_and_outages_are_told_in_figures(session: Session) -> None:
    service = watched(session, *outage(8 * DAY, 7.5 * DAY), *outage(3 * HOUR, 2 * HOUR))
    found = service_statistics(session, service.id, now=NOW)
    assert told(found.uptimes) == [
        "24 hours: 95.83 %",
        "7 days: 99.40 %",
        "30 days: 98.19 %",
        "This month: 97.58 %",
    ]
    assert found.month == "November"
    assert told(found.outages) == [
        "Outages: 2",
        "Down in all: 13 h",
        "Longest: 12 h",
        "Mean time to recovery: 6 h 30 min",
    ]


def test_a_month_without_outages_says_no_more_than_that(session: Session) -> None:
    found = service_statistics(session, watched(session).id, now=NOW)
    assert told(found.outages) == ["Outages: none"]


def test_who_is_still_down_has_not_recovered(session: Session) -> None:
    service = watched(session, (HOUR, Status.DOWN))
    found = service_statistics(session, service.id, now=NOW)
    assert told(found.outages)[-1] == "Mean time to recovery: not yet"


def test_every_day_is_as_bad_as_its_worst_moment_and_grey_where_nobody_looked(
    session: Session,
) -> None:
    service = watched(
        session,
        (20 * DAY, Status.UP),
        *outage(8 * DAY, 8 * DAY - MINUTE),
        (6 * DAY, Status.DEGRADED),
        (5 * DAY, Status.UP),
        first=Status.UNKNOWN,
    )
    no_data(session, service, 4 * DAY, 2 * DAY)
    days = service_statistics(session, service.id, now=NOW).days
    assert len(days) == 90
    counts = Counter(day.status for day in days)
    assert counts == {"unknown": 69 + 1, "up": 17, "down": 1, "degraded": 2}
    assert days[-1].title == "23 Nov: no outage"
    assert days[-9].title == "15 Nov: down 1 min in 1 outage"
    assert days[0].title == "26 Aug: not observed"


def test_days_are_those_of_the_namespace(session: Session) -> None:
    kathmandu = factories.namespace(session, "ktm", timezone="Asia/Kathmandu")  # UTC+5:45
    host = factories.host(session, namespace_id=kathmandu.id)
    service = watched(session, *outage(16 * HOUR, 15.75 * HOUR), host_id=host.id)
    days = service_statistics(session, service.id, now=NOW).days
    assert [day.status for day in days[-2:]] == ["down", "up"]


def test_the_bar_of_days_is_told_in_a_sentence(session: Session) -> None:
    service = watched(session, *outage(3 * DAY, 3 * DAY - HOUR))
    summary = service_statistics(session, service.id, now=NOW).summary
    assert summary == "The last 90 days: 89 without an outage, 1 with an outage"


def test_the_uptime_of_all_these_days_stands_below_them(session: Session) -> None:
    service = watched(session, *outage(60 * DAY, 59 * DAY))
    found = service_statistics(session, service.id, now=NOW)
    assert found.uptime == f"{100 - 100 / (89 + 10 / 24):.2f} % uptime"
    never = watched(session, name="Never", status=Status.UNKNOWN, observed_at=None)
    assert service_statistics(session, never.id, now=NOW).uptime == ""


def test_a_service_that_does_not_exist_has_no_statistics(session: Session) -> None:
    assert service_statistics(session, 999, now=NOW).days == ()


def answered(*milliseconds: int) -> Rollup:
    found = Rollup()
    for each in milliseconds:
        found.add(Status.UP, each * 1000)
    return found


def rolled(session: Session, service: Service, hours_ago: int, rollup: Rollup) -> None:
    names = ("up", "degraded", "down", "unknown", "answers", "sum_us", "min_us", "max_us", "sketch")
    values = {name: getattr(rollup, name) for name in names}
    hour = THIS_HOUR - hours_ago
    session.add(Hourly(service_id=service.id, hour=hour, **values))
    session.add(Daily(service_id=service.id, day=hour // 24, **values))
    session.flush()


def result(session: Session, service: Service, ago: timedelta, ms: int | None, code: int = 0):
    at_ms = round((NOW - ago).timestamp() * 1000)
    us = None if ms is None else ms * 1000
    session.add(CheckResult(service_id=service.id, at_ms=at_ms, status=code, response_us=us))


def test_response_times_of_a_day_are_exact(session: Session) -> None:
    service = watched(session)
    for number in range(1, 101):
        result(session, service, number * MINUTE, number)
    result(session, service, 25 * HOUR, 9000)  # too long ago
    result(session, service, 2 * HOUR, 8000, code=STATUS_CODES[Status.DOWN])
    result(session, service, 3 * HOUR, None)
    result(session, watched(session, name="Other"), HOUR, 7000)
    session.flush()
    day = last_day(session, [service.id], now=NOW)
    assert day == {service.id: ResponseTimes(100, 50_500.0, 95_000)}
    rolled(session, service, 3, answered(20))
    found = told(service_statistics(session, service.id, now=NOW).responses)
    assert [each.partition(":")[0] for each in found] == [
        "Average, 24 h",
        "95 % within, 24 h",
        "Average, 90 days",
    ]


@pytest.mark.parametrize("times", [[5], [5, 6], list(range(1, 21)), list(range(1, 22))])
def test_95_percent_are_counted_by_nearest_rank(session: Session, times: list[int]) -> None:
    service = watched(session)
    for number, ms in enumerate(times):
        result(session, service, number * MINUTE, ms)
    session.flush()
    [found] = last_day(session, [service.id], now=NOW).values()
    within = [ms for ms in times if ms * 1000 <= (found.p95_us or 0)]
    assert len(within) / len(times) >= 0.95 > (len(within) - 1) / len(times)


def test_a_service_that_never_answered_has_no_response_times(session: Session) -> None:
    service = watched(session)
    assert service_statistics(session, service.id, now=NOW).responses == ()
