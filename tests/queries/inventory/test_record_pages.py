"""The pages of one service and of one host."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.downtimes import plan
from tests.queries.histories import no_data, outage, watched
from webmon.commands.downtimes import life
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import NotFound
from webmon.models import CheckResult, HostMetricHour, Incident
from webmon.queries.history.records import NO_RECORD, host_record, service_record
from webmon.queries.inventory.host_page import host_page
from webmon.queries.inventory.service_page import service_page

DAY = timedelta(days=1)
ANNA = Actor(1, "anna@example.org", Role.ADMIN)


def test_the_record_tells_days_and_months(session: Session) -> None:
    service = watched(session, *outage(40 * DAY, 40 * DAY - HOUR), *outage(3 * HOUR, 2 * HOUR))
    record = service_record(session, service.id, now=NOW)
    assert [each.name for each in record.windows] == ["24 hours", "7 days", "30 days", "This month"]
    assert record.windows[0].uptime == "95.83 %"
    assert len(record.days) == 90
    today = record.days[-1]
    assert (today.title, today.outages, today.down) == ("23 Nov: down 1 h in 1 outage", 1, "1 h")
    assert today.uptime == "90.00 %"
    months = [(each.name, each.outages, each.down, each.longest) for each in record.months]
    assert months[:3] == [
        ("Nov 2026", 1, "1 h", "1 h"),
        ("Oct 2026", 1, "1 h", "1 h"),
        ("Sep 2026", 0, "none", ""),
    ]
    assert record.summary == "The last 90 days: 88 without an outage, 2 with an outage"


def test_planned_downtime_is_told_as_such(database: Database) -> None:
    with database.write() as session:
        service = watched(session, *outage(40 * DAY, 40 * DAY - HOUR))
        other = watched(session, host_id=service.host_id, name="Other")
        no_data(session, service, 9 * DAY, 9 * DAY - 2 * HOUR)
    plan_past(database, service.id, NOW - 9 * DAY, HOUR)
    midnight = NOW.replace(hour=0, minute=0)
    plan_past(database, service.id, midnight - 20 * DAY, DAY)
    with database.read() as session:
        record = service_record(session, service.id, now=NOW)
        host = host_record(session, service.host_id, now=NOW)
    whole, part = record.days[69], record.days[80]
    assert (whole.status, whole.title, whole.planned, whole.no_data) == (
        *("planned", f"{whole.date}: planned downtime", "1 d", ""),
    )
    assert (part.status, part.planned, part.no_data) == ("up", "1 h", "1 h")
    assert "1 in planned downtime" in record.summary
    assert other.id and host.days[69].planned == "1 d"


def plan_past(database: Database, service_id: int, begin: datetime, length: timedelta) -> None:
    """A downtime that is over; it was planned and went on in its time."""
    plan(database, service_id, begin, at=begin - HOUR, duration_seconds=int(length.total_seconds()))
    for at in (begin, begin + length):
        with database.write() as session:
            life.advance(session, now=at)


def test_the_record_of_a_host_follows_its_own_rule(session: Session) -> None:
    host = factories.host(session)
    watched(session, *outage(3 * HOUR, 2 * HOUR), host_id=host.id, name="Website", critical=True)
    watched(session, host_id=host.id, name="Other")
    assert host_record(session, host.id, now=NOW).windows[0].uptime == "95.83 %"
    assert host_page(session, host.id, actor=ANNA, now=NOW).rule == (
        "down when Website is down, or all of its services are"
    )
    empty = factories.host(session, "Empty")
    assert host_record(session, empty.id, now=NOW) == NO_RECORD


def test_the_page_of_a_service(session: Session) -> None:
    service = watched(session, *outage(3 * HOUR, 2 * HOUR))
    for minutes, code, message in ((1, 0, None), (2, 2, "refused"), (3, 3, "offline")):
        at_ms = round((NOW - minutes * MINUTE).timestamp() * 1000)
        session.add(
            CheckResult(
                service_id=service.id,
                at_ms=at_ms,
                status=code,
                response_us=100_000 if code == 0 else None,
                message=message,
            )
        )
    session.add(
        Incident(
            service_id=service.id,
            opened_at=NOW - 3 * HOUR,
            resolved_at=NOW - 2 * HOUR,
            message="refused",
        )
    )
    session.flush()
    page = service_page(session, service.id, actor=ANNA, now=NOW)
    assert [(each.word, each.response, each.message) for each in page.results] == [
        ("up", "100 ms", ""),
        ("down", "", "refused"),
        ("no data", "", "offline"),
    ]
    assert (page.average, page.p95) == ("100 ms", "100 ms")
    assert [(each.lasted, each.cause) for each in page.incidents] == [("1 h", "refused")]
    assert (page.status, page.host) == ("up", "Host of Website")


def test_the_page_of_a_host(session: Session) -> None:
    host = factories.host(session)
    shown = watched(session, host_id=host.id, name="Website")
    watched(session, host_id=host.id, name="API", status=Status.DOWN, message="refused")
    session.add(Incident(service_id=shown.id, opened_at=NOW - HOUR))
    session.flush()
    page = host_page(session, host.id, actor=ANNA, now=NOW)
    assert [(each.name, each.word, each.message) for each in page.services] == [
        ("API", "down", "refused"),
        ("Website", "up", ""),
    ]
    assert (page.status, page.has_metrics) == ("degraded", False)
    assert [(each.service, each.lasted) for each in page.incidents] == [("Website", "1 h")]
    session.add(
        HostMetricHour(
            service_id=shown.id, hour=1, series="load", count=1, sum=1, min=1, max=1, last=1
        )
    )
    session.flush()
    assert host_page(session, host.id, actor=ANNA, now=NOW).has_metrics


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**70, "1", None, True, 999])
def test_what_is_not_there_is_not_found(session: Session, number: object) -> None:
    for ask in (service_page, host_page):
        with pytest.raises(NotFound):
            ask(session, number, actor=ANNA, now=NOW)


def test_nothing_of_another_namespace_is_shown(session: Session) -> None:
    service = watched(session)
    bert = Actor(2, "bert@example.org", Role.ADMIN, frozenset())
    with pytest.raises(NotFound):
        service_page(session, service.id, actor=bert, now=NOW)
    with pytest.raises(NotFound):
        host_page(session, service.host_id, actor=bert, now=NOW)
