"""How the public page words and orders what it shows."""

import pytest

from tests.clock import NOW
from webmon.domain.checks.status import Status, combined_status
from webmon.queries.public.snapshot import (
    PublicHostView,
    PublicNamespaceView,
    PublicServiceView,
    PublicStatusView,
)
from webmon.queries.public.status_board import board

NAMES = {"iati": "IATI", "di": "DI"}


def view(hosts: str, namespaces: str = "iati di") -> PublicStatusView:
    """A page from a text like ``"Datastore:iati:down d-portal:di:up"``."""
    shown = tuple(host(*text.split(":")) for text in hosts.split())
    return PublicStatusView(
        generated_at=NOW,
        status=combined_status(each.status for each in shown),
        namespaces=tuple(
            PublicNamespaceView(
                slug,
                NAMES[slug],
                combined_status(each.status for each in shown if each.namespace == slug),
            )
            for slug in namespaces.split()
        ),
        hosts=shown,
    )


def host(name: str, namespace: str, status: str) -> PublicHostView:
    planned = status == "planned"
    known = Status.UP if planned else Status(status)
    services = (
        PublicServiceView("A", Status.UP),
        PublicServiceView("B", known, planned),
        PublicServiceView("C", Status.DOWN),
    )
    return PublicHostView(name, namespace, known, planned, services)


HEADLINES = [
    ("", "", "Nothing is watched yet"),
    ("", "di", "Nothing is watched in DI yet"),
    ("A:iati:up", "nowhere", "There is no namespace “nowhere”"),
    ("A:iati:unknown B:iati:paused", "", "Nothing has been checked yet"),
    ("A:iati:unknown", "iati", "Nothing in IATI has been checked yet"),
    ("A:iati:paused", "", "All checks are paused"),
    ("A:iati:paused", "iati", "All checks in IATI are paused"),
    ("Datastore:iati:up", "", "Datastore is up"),
    ("A:iati:up B:iati:up C:di:unknown", "", "All tools are up"),
    ("A:iati:up B:iati:up C:di:down", "iati", "All IATI tools are up"),
    ("A:iati:up Datastore:iati:down C:di:up", "", "Datastore is down"),
    ("A:iati:up Datastore:iati:degraded", "", "Datastore has difficulties"),
    ("A:iati:degraded B:iati:degraded C:di:up D:di:paused", "", "2 of 3 tools have difficulties"),
    ("A:iati:down B:iati:down C:iati:up", "iati", "2 of 3 IATI tools are down"),
    ("A:iati:down B:iati:down", "", "All tools are down"),
    ("A:iati:degraded B:iati:degraded", "iati", "All IATI tools have difficulties"),
    ("A:iati:down B:iati:degraded", "", "A is down, 1 more has difficulties"),
    (
        "A:iati:down B:iati:down C:di:degraded D:di:degraded E:di:up",
        "",
        "2 of 5 tools are down, 2 more have difficulties",
    ),
    ("A:iati:planned B:iati:up", "", "A is in planned downtime"),
    ("A:iati:planned B:iati:planned C:iati:up", "", "2 tools are in planned downtime"),
    ("A:iati:planned B:iati:planned", "iati", "All IATI tools are in planned downtime"),
    ("A:iati:planned B:iati:down C:iati:up", "", "B is down"),
    ("A:iati:down B:iati:up C:di:down", "di", "C is down"),
]
MANY = " ".join(
    f"Tool{n}:{'di' if n % 2 else 'iati'}:{'down' if n == 7 else 'up'}" for n in range(20)
)


@pytest.mark.parametrize(("hosts", "slug", "headline"), HEADLINES)
def test_the_headline_answers_what_the_visitor_came_for(
    hosts: str, slug: str, headline: str
) -> None:
    assert board(view(hosts), slug).headline == headline


def test_what_is_wrong_stands_first_and_the_rest_keeps_its_order() -> None:
    shown = board(view("A:iati:up B:di:paused C:di:degraded D:iati:down E:di:up F:di:planned"))
    assert [host.name for host in shown.hosts] == ["D", "C", "F", "A", "E", "B"]
    assert [service.name for service in shown.hosts[3].services] == ["C", "A", "B"]


def test_few_hosts_stand_open_and_of_many_only_the_wrong_ones() -> None:
    assert all(host.open for host in board(view("A:iati:up B:iati:up")).hosts)
    assert [host.name for host in board(view(MANY)).hosts if host.open] == ["Tool7"]


def test_namespaces_are_offered_only_where_there_is_a_choice() -> None:
    assert board(view("A:iati:up", "iati")).filters == ()
    links = board(view("A:iati:up B:di:down"), "di").filters
    assert [(link.name, link.href, link.status, link.current) for link in links] == [
        ("All", "/status/", "degraded", False),
        ("IATI", "/status/?namespace=iati", "up", False),
        ("DI", "/status/?namespace=di", "down", True),
    ]


def test_a_group_is_down_only_where_all_of_it_is() -> None:
    shown = board(view("A:iati:up B:iati:down C:di:planned D:di:up"))
    assert [link.status for link in shown.filters] == ["degraded", "degraded", "planned"]
    assert shown.status == "down", "the headline names the one that is"
