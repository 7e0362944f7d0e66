"""The first page: what is wrong, how everything was, how the monitor itself is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW
from tests.queries.histories import outage, watched
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.history.rollups import Rollup
from webmon.models import (
    ChannelState,
    CheckResult,
    Host,
    Hourly,
    Incident,
    Service,
    ServiceState,
    Worker,
)
from webmon.queries.dashboard import DashboardView, dashboard
from webmon.queries.history.uptime import percentage

DAY = timedelta(days=1)
ANNA = Actor(1, "anna@example.org", Role.ADMIN)


def shown(session: Session, actor: Actor = ANNA, **options: Any) -> DashboardView:
    session.flush()
    return dashboard(session, actor=actor, now=NOW, **options)


def tool(session: Session, slug: str = "iati", name: str = "Datastore") -> Host:
    space = factories.namespace(session, slug)
    return factories.host(session, name, namespace_id=space.id)


def service(session: Session, host: Host, name: str = "Website", **fields: Any) -> Service:
    fields = {"status": Status.UP, "observed_at": NOW - MINUTE} | fields
    return factories.service(session, name, host_id=host.id, **fields)


def evidence(session: Session, row: Service, **found: Any) -> None:
    session.get_one(ServiceState, row.id).evidence = found


def test_an_empty_installation_says_so(session: Session) -> None:
    assert shown(session).present.headline == "Nothing is watched yet"


def test_the_first_sentence_names_what_is_down_and_since_when(session: Session) -> None:
    host = tool(session)
    service(session, host, "Website")
    service(session, host, "Slow", status=Status.DEGRADED, since=NOW - 9 * HOUR)
    service(session, host, "API", status=Status.DOWN, since=NOW - 2 * HOUR, message="refused")
    present = shown(session).present
    assert present.headline == "Datastore / API is down, and 1 more"
    assert (present.status, present.since) == ("down", (NOW - 2 * HOUR).isoformat())
    assert [(each.name, each.word) for each in present.wrong] == [
        ("Datastore / API", "down"),
        ("Datastore / Slow", "difficulties"),
    ]
    assert (present.services_up, present.services) == (1, 3)
    assert (present.hosts_up, present.hosts) == (0, 1)


@pytest.mark.parametrize(
    ("statuses", "headline"),
    [
        ([Status.UP, Status.UP], "The only host is up"),
        ([Status.UP, Status.UNKNOWN], "1 of 2 services are up, none is down"),
        ([Status.UNKNOWN], "Nothing has been checked yet"),
        ([Status.PAUSED], "Everything is paused"),
        ([Status.DEGRADED], "Datastore / 0 has difficulties"),
    ],
)
def test_the_first_sentence(session: Session, statuses: list[Status], headline: str) -> None:
    host = tool(session)
    for number, status in enumerate(statuses):
        service(session, host, str(number), status=status, paused=status is Status.PAUSED)
    assert shown(session).present.headline == headline


def test_nothing_of_another_namespace_is_counted_or_named(session: Session) -> None:
    mine, theirs = tool(session, "iati", "Datastore"), tool(session, "di", "Secret")
    service(session, mine)
    broken = service(session, theirs, status=Status.DOWN)
    session.add(Incident(service_id=broken.id, opened_at=NOW - HOUR))
    evidence(
        session, service(session, theirs, "Cert", kind="tls", config={}), not_after=NOW.isoformat()
    )
    channel = factories.channel(session, "their-mail", namespace_id=theirs.namespace_id)
    session.add(ChannelState(channel_id=channel.id, failures=3, last_error="their server"))
    bert = Actor(2, "bert@example.org", Role.EDITOR, frozenset({mine.namespace_id}))
    view = shown(session, bert)
    assert (view.present.services, view.present.open_incidents) == (1, 0)
    assert "Secret" not in repr(view)
    assert "their" not in repr(view)
    assert view.namespaces == (("iati", "IATI"),)
    assert shown(session, bert, namespace="di").present.services == 1
    assert shown(session, ANNA, namespace="di").present.services == 2
    assert shown(session, ANNA, namespace="di").namespace == "di"
    assert shown(session, ANNA, namespace="none").namespace == ""


def test_machines_and_certificates_are_told_by_what_is_most_urgent(session: Session) -> None:
    host = tool(session)
    machine = service(session, host, "Machine", kind="host_metrics", config={})
    disks = [
        {"mount": "/", "used_percent": 40, "free_bytes": 60_000_000_000, "inodes_percent": 3},
        {"mount": "/var", "used_percent": 91, "free_bytes": None, "inodes_percent": None},
        {"mount": "/odd", "used_percent": None, "free_bytes": None, "inodes_percent": None},
    ]
    evidence(session, machine, disks=disks, load_5m=0.5, memory_percent=41.2, os_uptime_seconds=60)
    for name, days in (("Late", 40), ("Soon", 3)):
        row = service(session, host, name, kind="tls", config={})
        evidence(session, row, not_after=(NOW + days * DAY).isoformat())
    page = service(session, host, "Page", kind="http", config={"url": "https://example.org"})
    evidence(session, page, certificate={"expires_at": (NOW - DAY).isoformat()})
    found = shown(session).machines
    assert [each.name for each in found.disks] == ["Datastore /var", "Datastore /"]
    assert found.disks[1].text == "40 %, 60 GB free"
    [only] = found.machines
    assert (only.load, only.memory, only.up_for, only.rebooted) == ("0.5", "41 %", "1 min", True)
    assert [(each.name, each.days) for each in found.certificates] == [
        ("Datastore / Page", -1),
        ("Datastore / Soon", 3),
        ("Datastore / Late", 40),
    ]


def test_response_times_have_a_trend_and_the_slowest_stand_first(session: Session) -> None:
    host = tool(session)
    quick, slow = (service(session, host, name) for name in ("Quick", "Slow"))
    this_hour = int(NOW.timestamp()) // 3600
    for hours_ago, us in ((30, 100_000), (3, 200_000)):
        session.add(
            Hourly(service_id=quick.id, hour=this_hour - hours_ago, answers=2, sum_us=2 * us)
        )
    for row, us in ((quick, 100), (slow, 900)):
        at_ms = round((NOW - HOUR).timestamp() * 1000)
        session.add(CheckResult(service_id=row.id, at_ms=at_ms, status=0, response_us=us * 1000))
        session.get_one(ServiceState, row.id).day_p95_us = us * 1000
    open_hour = Rollup()
    open_hour.add(Status.UP, 500_000)
    state = session.get_one(ServiceState, slow.id)
    state.hour, state.hourly = this_hour, open_hour.as_list()
    found = shown(session).figures
    assert (found.response, found.trend_percent) == ("300 ms", 200)
    assert [(each.name, each.p95) for each in found.slowest] == [
        ("Datastore / Slow", "900 ms"),
        ("Datastore / Quick", "100 ms"),
    ]


def test_uptime_is_that_of_this_month_and_of_the_last(session: Session) -> None:
    watched(session, *outage(40 * DAY, 39 * DAY), *outage(2 * DAY, 1 * DAY))
    found = shown(session).figures
    november, october = 22 + 10 / 24, 31 + 0.0
    assert found.uptime_month == percentage(100 - 100 / november)
    assert found.uptime_last_month == percentage(100 - 100 / october)


def test_the_monitor_says_how_it_is_itself(session: Session) -> None:
    host = tool(session)
    assert shown(session).monitor.headline == "No worker runs, so nothing is checked"
    session.add(Worker(id="w", started_at=NOW, ticked_at=NOW))
    service(session, host, next_check_at=NOW + MINUTE)
    assert shown(session).monitor.headline == "Checks and messages are on time"
    service(session, host, "Late", next_check_at=NOW - 2 * MINUTE)
    found = shown(session).monitor
    assert (found.headline, found.late, found.lag) == ("1 check is late", 1, "2 min")
    channel = factories.channel(session, "ops")
    session.add(ChannelState(channel_id=channel.id, failures=1, last_error="refused"))
    found = shown(session).monitor
    assert found.headline == "1 channel does not get messages through"
    assert [(each.name, each.why) for each in found.failing] == [("ops", "refused")]
