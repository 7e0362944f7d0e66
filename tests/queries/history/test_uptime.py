"""Uptime as it is read from the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.queries.histories import no_data, outage, watched
from webmon.domain.checks.status import Status
from webmon.domain.history.calendar import month
from webmon.domain.history.uptime import Period
from webmon.models import Service, StatusChange
from webmon.queries.history.timelines import service as column
from webmon.queries.history.timelines import timelines
from webmon.queries.history.uptime import (
    EARLIEST,
    UptimeView,
    month_of_hosts,
    month_totals,
    uptimes,
)

DAY = timedelta(days=1)
MARKS = {Status.UP: "u", Status.DOWN: "d", Status.PAUSED: "p", Status.UNKNOWN: "?"}


def letters(session: Session, service: Service, since: timedelta = 10 * HOUR) -> str:
    """The timeline of a service, a letter per hour: u, d, p, or ? where there is no data."""
    (found,) = timelines(session, column.id == service.id, since=NOW - since, now=NOW)
    return "".join(
        MARKS[status] * round((ended_at - began_at) / HOUR)
        for began_at, ended_at, status in found.line
    )


def test_a_service_is_what_its_changes_made_it(session: Session) -> None:
    assert letters(session, watched(session, *outage(6 * HOUR, 4 * HOUR))) == "uuuudduuuu"


def test_without_a_change_it_was_always_as_it_is(session: Session) -> None:
    assert letters(session, watched(session, status=Status.DOWN)) == "dddddddddd"


def test_before_the_first_change_it_was_what_that_says(session: Session) -> None:
    service = watched(session, (20 * HOUR, Status.DOWN), (3 * HOUR, Status.UP))
    assert letters(session, service) == "ddddddduuu"


def test_of_changes_at_one_instant_the_later_recorded_stands(session: Session) -> None:
    service = watched(session, (4 * HOUR, Status.DOWN), (4 * HOUR, Status.PAUSED))
    assert letters(session, service) == "uuuuuupppp"


def test_stretches_without_data_are_not_observed(session: Session) -> None:
    service = watched(session, *outage(6 * HOUR, 4 * HOUR))
    no_data(session, service, 40 * HOUR, 30 * HOUR)
    no_data(session, service, 12 * HOUR, 9 * HOUR)  # reaches into the time that is asked for
    no_data(session, service, 5 * HOUR, 3 * HOUR)
    assert letters(session, service) == "?uuud??uuu"


def test_nobody_has_looked_since_the_worker_stopped(session: Session) -> None:
    """Grey from the time on at which the next observation was expected."""
    service = watched(session, interval_seconds=3600, observed_at=NOW - 4 * HOUR)
    assert letters(session, service) == "uuuuuuu???"


@pytest.mark.parametrize("ago", [129, 130])
def test_a_check_that_is_a_little_late_is_no_gap(session: Session, ago: int) -> None:
    service = watched(session, observed_at=NOW - timedelta(seconds=ago))
    assert letters(session, service) == "u" * 10


def test_the_last_report_of_a_job_stands_until_the_next_is_overdue(session: Session) -> None:
    job = {"kind": "heartbeat", "config": {"every": "1d"}, "interval_seconds": 600}
    job |= {"credit_seconds": 24 * 3600}
    service = watched(session, **job, observed_at=NOW - 9 * HOUR)
    silent = watched(session, **job, name="Other", observed_at=NOW - 26 * HOUR)
    assert letters(session, service) == "u" * 10
    assert letters(session, silent) == "uuuuuuuu??"


def test_a_service_that_was_never_looked_at_has_no_uptime(session: Session) -> None:
    service = watched(session, status=Status.UNKNOWN, observed_at=None)
    assert uptimes(session, now=NOW).services[service.id] == UptimeView(None, None, None, None)


def test_each_window_counts_its_own_time(session: Session) -> None:
    service = watched(session, *outage(DAY + 6 * HOUR, DAY - 6 * HOUR))
    found = uptimes(session, now=NOW).services[service.id]
    assert found.percent_24h == 75.0
    assert found.percent_7d == pytest.approx(100 * (1 - 12 / 168))
    assert found.percent_30d == pytest.approx(100 * (1 - 12 / 720))
    assert found.percent_month == pytest.approx(100 * (1 - 12 / (22 * 24 + 10)))


def test_the_month_is_that_of_the_namespace(session: Session) -> None:
    now = datetime.fromisoformat("2026-10-31T23:30:00+00:00")
    kathmandu = factories.namespace(session, "ktm", timezone="Asia/Kathmandu")  # it is November
    host = factories.host(session, namespace_id=kathmandu.id)
    service = watched(session, host_id=host.id, observed_at=now)
    session.add(
        StatusChange(
            service_id=service.id,
            at=now - 12 * HOUR,
            decided_at=now,
            from_status=Status.DOWN,
            to_status=Status.UP,
        )
    )
    session.flush()
    found = uptimes(session, now=now)
    assert found.services[service.id].percent_month == 100
    assert found.services[service.id].percent_24h == 50
    assert found.outages[service.id].count == 0


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Asia/Kathmandu", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("hour", [0, 8, 13, 23])
@pytest.mark.parametrize("day", ["10-31", "11-01"])
def test_the_month_of_a_host_is_read_from_its_very_beginning(
    session: Session, timezone: str, day: str, hour: int
) -> None:
    """East and west of here it may have begun a day earlier, or be the one before still."""
    now = datetime.fromisoformat(f"2026-{day}T{hour:02}:30:00+00:00")
    space = factories.namespace(session, "far", timezone=timezone)
    host = factories.host(session, namespace_id=space.id)
    began_at = month(now, ZoneInfo(timezone)).began_at
    down = outage(NOW - began_at - MINUTE, NOW - began_at - 2 * MINUTE)
    watched(session, *down, host_id=host.id, observed_at=now)
    [expected] = uptimes(session, now=now).hosts.values()
    assert month_of_hosts(session, [host.id], now=now)[host.id].percent == expected.percent_month
    assert expected.percent_month is not None
    assert expected.percent_month < 100


def test_outages_are_counted_per_month(session: Session) -> None:
    month_began = NOW - datetime.fromisoformat("2026-11-01T00:00:00+00:00")
    service = watched(
        session,
        *outage(month_began + 3 * HOUR, month_began - 1 * HOUR),
        *outage(50 * HOUR, 48 * HOUR),
        (30 * MINUTE, Status.DOWN),
    )
    found = uptimes(session, now=NOW).outages[service.id]
    assert (found.count, found.total_seconds) == (3, 3.5 * 3600)
    assert (found.longest_seconds, found.mean_seconds_to_recovery) == (2 * 3600, 1.5 * 3600)


def test_a_host_is_down_when_all_its_services_are_or_a_critical_one(session: Session) -> None:
    one, other = factories.host(session, "One"), factories.host(session, "Other")
    watched(session, *outage(12 * HOUR, 6 * HOUR), host_id=one.id, name="a")
    watched(session, *outage(9 * HOUR, 3 * HOUR), host_id=one.id, name="b")
    watched(session, *outage(12 * HOUR, 6 * HOUR), host_id=other.id, name="a", critical=True)
    watched(session, host_id=other.id, name="b")
    found = uptimes(session, now=NOW)
    assert found.hosts[one.id].percent_24h == 100 * (1 - 3 / 24)
    assert found.hosts[other.id].percent_24h == 75
    months = month_of_hosts(session, [one.id, other.id], now=NOW)
    for key in (one.id, other.id):
        assert months[key].percent == found.hosts[key].percent_month
        for service_id, percent in months[key].services.items():
            assert percent == found.services[service_id].percent_month


def test_a_namespace_pools_its_hosts_by_the_time_they_were_observed(session: Session) -> None:
    space = factories.namespace(session)
    long, short = (factories.host(session, name, namespace_id=space.id) for name in ("A", "B"))
    watched(session, *outage(6 * HOUR, 0 * HOUR), host_id=long.id)
    watched(session, (6 * HOUR, Status.DOWN), first=Status.UNKNOWN, host_id=short.id)
    found = uptimes(session, now=NOW)
    assert found.namespaces[space.id].percent_24h == pytest.approx(100 * 18 / (24 + 6))
    assert found.everything == found.namespaces[space.id]


@pytest.fixture
def statements(session: Session) -> Callable[[Callable[[], Any]], int]:
    """Counts the statements that something takes."""

    def count(work: Callable[[], Any]) -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    return count


def test_any_number_of_services_takes_four_statements(
    session: Session, statements: Callable[[Callable[[], Any]], int]
) -> None:
    host = factories.host(session)
    for number in range(12):
        watched(session, *outage(3 * HOUR, 2 * HOUR), host_id=host.id, name=f"Service {number}")
    assert statements(lambda: uptimes(session, now=NOW)) == 4
    assert statements(lambda: month_of_hosts(session, [host.id], now=NOW)) == 4


@pytest.mark.parametrize("split", [10 * MINUTE, 90 * MINUTE, 26 * HOUR, 40 * timedelta(days=1)])
def test_parts_of_the_months_add_up_to_the_whole(session: Session, split: timedelta) -> None:
    hours = (800, 30, 2, 1)
    changes = [each for n in hours for each in outage(n * HOUR, n * HOUR - 25 * MINUTE)]
    service = watched(session, *changes)
    for n in hours:
        no_data(session, service, n * HOUR - 20 * MINUTE, n * HOUR - 50 * MINUTE)
    at = NOW - split
    whole, *parts = (
        month_totals(session, part=part, now=NOW)
        for part in (Period(EARLIEST, NOW), Period(EARLIEST, at), Period(at, NOW))
    )
    for number, total in enumerate(whole):
        assert total.down
        assert parts[0][number] + parts[1][number] == total
