"""What the list shows by search, filters and order, and what of it is open."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, NOW
from tests.queries.histories import outage, watched
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.models import CheckResult
from webmon.queries.inventory.host_choice import Choice
from webmon.queries.inventory.host_rows import Opened
from webmon.queries.inventory.host_views import HostsView
from webmon.queries.inventory.hosts import admin_hosts, place_of

ADMIN = Actor(1, "a@example.org", Role.ADMIN)


def shown(view: HostsView) -> dict[str, list[str]]:
    """The names of hosts, and of the services that stand below each."""
    return {host.name: [service.name for service in host.services] for host in view.hosts}


def listed(session: Session, choice: Choice, **opened: object) -> dict[str, list[str]]:
    return shown(admin_hosts(session, ADMIN, choice=choice, opened=Opened(**opened), now=NOW))  # type: ignore[arg-type]


def three(session: Session) -> dict[str, int]:
    """Three hosts with two services each, of which one is down."""
    ids = {}
    for name, address in (("Alpha", "10.0.0.1"), ("Beta", "10.0.0.2"), ("Gamma", "10.0.0.3")):
        host = factories.host(session, name, address=address)
        status = Status.DOWN if name == "Beta" else Status.UP
        factories.service(session, "Shell", host_id=host.id, kind="ssh", config={}, status=status)
        factories.service(session, "Port", host_id=host.id, status=Status.UP)
        ids[name] = host.id
    return ids


def test_what_is_well_starts_closed(session: Session) -> None:
    ids = three(session)
    assert listed(session, Choice()) == {"Beta": ["Shell", "Port"], "Alpha": [], "Gamma": []}
    hosts = {"hosts": frozenset({ids["Gamma"]}), "closed": frozenset({ids["Beta"]})}
    assert listed(session, Choice(), **hosts) == {
        "Beta": [],
        "Alpha": [],
        "Gamma": ["Port", "Shell"],
    }


def test_a_host_alone_is_open(session: Session) -> None:
    factories.service(session, "Port", status=Status.UP)
    assert listed(session, Choice()) == {"Host of Port": ["Port"]}


def test_of_much_that_is_wrong_only_the_first_hosts_are_open(session: Session) -> None:
    for number in range(5):
        host = factories.host(session, f"Host {number}")
        for name in ("a", "b", "c", "d"):
            factories.service(session, name, host_id=host.id, status=Status.DOWN)
    lengths = [len(services) for services in listed(session, Choice()).values()]
    assert lengths == [4, 4, 4, 0, 0]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(search="shell"), {"Beta": ["Shell"], "Alpha": ["Shell"], "Gamma": ["Shell"]}),
        (Choice(search="gamma"), {"Gamma": ["Port", "Shell"]}),
        (Choice(search="0.0.2"), {"Beta": ["Shell", "Port"]}),
        (Choice(status="down"), {"Beta": ["Shell"]}),
        (Choice(status="wrong"), {"Beta": ["Shell"]}),
        (Choice(status="nonsense"), {}),
        (Choice(kind="tcp", search="alpha"), {"Alpha": ["Port"]}),
        (Choice(namespace="ns-gamma", status="up"), {"Gamma": ["Port", "Shell"]}),
        (Choice(status="up", kind="ssh", search="beta"), {}),
    ],
)
def test_a_service_that_is_looked_for_is_shown_and_not_all_of_its_host(
    session: Session, choice: Choice, found: dict[str, list[str]]
) -> None:
    three(session)
    assert listed(session, choice) == found


def test_hosts_are_found_by_their_tags(session: Session) -> None:
    factories.host(session, "One", tags=["db", "ümlaut"])
    factories.host(session, "Other", tags=["dba"])
    assert list(listed(session, Choice(tag="db"))) == ["One"]
    assert list(listed(session, Choice(tag="ümlaut"))) == ["One"]
    assert not listed(session, Choice(tag="%"))
    view = admin_hosts(session, ADMIN, now=NOW)
    assert view.tags == ("db", "dba", "ümlaut")
    limited = Actor(3, "l@example.org", Role.VIEWER, frozenset({view.hosts[1].namespace_id}))
    assert admin_hosts(session, limited, now=NOW).tags == ("dba",)


def test_each_order_has_what_is_asked_for_first(session: Session) -> None:
    soon, late = (NOW + timedelta(days=days, hours=1) for days in (5, 50))
    for name, slow, expires, ago in (
        ("b", 900, late, 24 * HOUR),
        ("A", 100, soon, HOUR),
        ("c", None, None, 48 * HOUR),
    ):
        host = factories.host(session, name)
        evidence = {"not_after": expires.isoformat()} if expires else {}
        factories.service(
            session,
            "Certificate",
            host_id=host.id,
            kind="tls",
            config={},
            status=Status.DOWN if name == "A" else Status.UP,
            since=NOW - ago,
            observed_at=NOW,
            evidence=evidence,
            day_p95_us=slow,
        )
    orders = {sort: list(listed(session, Choice(sort=sort))) for sort in (
        "status", "name", "response", "certificate", "change", "nonsense"
    )}  # fmt: skip
    assert orders == {
        "status": ["A", "b", "c"],
        "name": ["A", "b", "c"],
        "response": ["b", "A", "c"],
        "certificate": ["A", "b", "c"],
        "change": ["A", "b", "c"],
        "nonsense": ["A", "b", "c"],
    }
    alpha = admin_hosts(session, ADMIN, choice=Choice(sort="name"), now=NOW).hosts[0]
    assert (alpha.certificate, alpha.count) == ("5 d", "0 / 1 up")


def test_the_lowest_uptime_stands_first_and_the_unobserved_last(session: Session) -> None:
    for name, end in (("fine", 11 * HOUR), ("worst", 1 * HOUR), ("bad", 6 * HOUR)):
        host = factories.host(session, name)
        watched(session, *outage(12 * HOUR, end), host_id=host.id, name="a")
    factories.host(session, "empty")
    assert list(listed(session, Choice(sort="uptime"))) == ["worst", "bad", "fine", "empty"]


def test_the_order_holds_and_the_moves_are_counted(session: Session) -> None:
    ids = three(session)
    order = (ids["Alpha"], ids["Gamma"], ids["Beta"])
    view = admin_hosts(session, ADMIN, opened=Opened(order), now=NOW)
    assert list(shown(view)) == ["Alpha", "Gamma", "Beta"]
    assert view.summary.moves == 1
    assert admin_hosts(session, ADMIN, now=NOW).summary.moves == 0
    down, port = (each.id for each in view.hosts[2].services)
    held = Opened(order, services=(port, down))
    view = admin_hosts(session, ADMIN, opened=held, now=NOW)
    assert [each.id for each in view.hosts[2].services] == [port, down]


def test_an_open_detail_stays_where_its_service_is_no_longer_looked_for(session: Session) -> None:
    ids = three(session)
    service_id = admin_hosts(session, ADMIN, now=NOW).hosts[0].services[1].id
    found = listed(session, Choice(status="down"), service=service_id)
    assert found == {"Beta": ["Shell", "Port"]}
    choice = Choice(status="down")
    assert place_of(
        session, actor=ADMIN, service_id=service_id, choice=choice, now=NOW
    ) == (1, ids["Beta"])  # fmt: skip
    assert place_of(session, actor=ADMIN, host_id=999, choice=choice, now=NOW) == (1, 0)


def test_the_last_checks_are_drawn_from_the_oldest_on(session: Session) -> None:
    service = factories.service(session, status=Status.UP)
    for number, code in enumerate([2, 0, 1, 3] + [0] * 28):
        session.add(CheckResult(service_id=service.id, at_ms=number, status=code))
    session.flush()
    (view,) = admin_hosts(session, ADMIN, now=NOW).hosts[0].services
    assert view.checks == "w-" + "u" * 28
    told = "Last 30 checks: 28 up, 1 in difficulties, 1 without data"
    assert view.checks_told == told
