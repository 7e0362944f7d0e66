"""What the public may see: these fields, the public things, and statuses derived from them."""

from dataclasses import fields

import pytest
from sqlalchemy import event
from sqlmodel import Session

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon.commands.checks import workers
from webmon.commands.checks.connectivity import note_offline, note_online
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.errors import NotFound
from webmon.queries.public.snapshot import (
    PublicDowntimeView,
    PublicHostView,
    PublicNamespaceView,
    PublicServiceView,
    PublicStatusView,
    public_status,
)


def seen(session: Session, namespace: str | None = None) -> PublicStatusView:
    return public_status(session, now=NOW, namespace=namespace)


def test_the_fields_are_those_of_the_interface_and_no_others() -> None:
    views = [
        (PublicStatusView, "generated_at status namespaces hosts downtimes"),
        (PublicNamespaceView, "slug name status"),
        (PublicHostView, "name namespace status planned_downtime services"),
        (PublicServiceView, "name status planned_downtime"),
        (PublicDowntimeView, "title message namespace hosts starts_at ends_at state"),
    ]
    for view, names in views:
        assert [field.name for field in fields(view)] == names.split()


def test_nothing_watched_is_unknown(session: Session) -> None:
    view = seen(session)
    assert (view.status, view.namespaces, view.hosts) == (Status.UNKNOWN, (), ())
    assert view.generated_at == NOW


def test_a_host_shows_its_services_by_name_and_is_what_they_are(session: Session) -> None:
    host = factories.host(session, "Datastore")
    factories.service(session, "website", host_id=host.id, status=Status.UP)
    factories.service(session, "Database", host_id=host.id, status=Status.DOWN)
    (shown,) = seen(session).hosts
    assert shown.status is Status.DEGRADED
    assert [(each.name, each.status) for each in shown.services] == [
        ("Database", Status.DOWN),
        ("website", Status.UP),
    ]


def test_a_critical_service_takes_its_host_down(session: Session) -> None:
    host = factories.host(session)
    factories.service(session, "Website", host_id=host.id, status=Status.DOWN, critical=True)
    factories.service(session, "Shell", host_id=host.id, status=Status.UP)
    assert seen(session).hosts[0].status is Status.DOWN


def test_private_hosts_and_services_neither_appear_nor_count(session: Session) -> None:
    host = factories.host(session, "Datastore")
    factories.service(session, "Website", host_id=host.id, status=Status.UP)
    factories.service(session, "Secret", host_id=host.id, status=Status.DOWN, public=False)
    hidden = factories.host(session, "Hidden", namespace_id=host.namespace_id, public=False)
    factories.service(session, "Inside", host_id=hidden.id, status=Status.DOWN)
    view = seen(session)
    assert view.status is Status.UP
    assert [(each.name, len(each.services)) for each in view.hosts] == [("Datastore", 1)]


def test_a_namespace_with_only_private_hosts_is_private(session: Session) -> None:
    factories.namespace(session, "empty")
    secret = factories.namespace(session, "secret")
    factories.host(session, "Hidden", namespace_id=secret.id, public=False)
    assert [each.slug for each in seen(session).namespaces] == ["empty"]
    with pytest.raises(NotFound):
        seen(session, "secret")


def test_one_namespace_is_shown_without_the_others(session: Session) -> None:
    for slug, status in (("iati", Status.UP), ("di", Status.DOWN)):
        space = factories.namespace(session, slug)
        host = factories.host(session, f"Tool of {slug}", namespace_id=space.id)
        factories.service(session, "Website", host_id=host.id, status=status)
    both, one = seen(session), seen(session, "di")
    assert both.status is Status.DEGRADED
    assert [(each.slug, each.status) for each in both.namespaces] == [
        ("di", Status.DOWN),
        ("iati", Status.UP),
    ]
    assert one.status is Status.DOWN
    assert [each.name for each in one.hosts] == ["Tool of di"]
    assert [each.slug for each in one.namespaces] == ["di"]


def test_an_unknown_namespace_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        seen(session, "nowhere")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.PAUSED, Status.PAUSED], Status.PAUSED),
        ([Status.PAUSED, Status.UP], Status.UP),
        ([Status.UNKNOWN, Status.DOWN], Status.DOWN),
        ([Status.UNKNOWN, Status.PAUSED], Status.UNKNOWN),
    ],
)
def test_what_nobody_looked_at_does_not_count(
    session: Session, statuses: list[Status], expected: Status
) -> None:
    for index, status in enumerate(statuses):
        factories.service(session, f"Service {index}", status=status)
    assert seen(session).status is expected


def test_a_hundred_hosts_take_no_more_queries_than_one(
    session: Session, database: Database
) -> None:
    space = factories.namespace(session)
    for number in range(100):
        host = factories.host(session, f"Tool {number}", namespace_id=space.id)
        for service in range(2):
            factories.service(session, f"Service {service}", host_id=host.id, status=Status.UP)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    view = seen(session)
    assert len(statements) == 7
    assert sum(len(host.services) for host in view.hosts) == 200


def test_while_nothing_is_checked_the_page_tells_of_the_last_moment_it_was(session):
    factories.service(session, last_checked_at=NOW - HOUR)
    assert public_status(session, now=NOW, namespace=None).generated_at == NOW - HOUR
    workers.tick(session, "w", now=NOW - MINUTE)
    session.flush()
    assert public_status(session, now=NOW, namespace=None).generated_at == NOW - MINUTE
    workers.tick(session, "w", now=NOW - SECOND)
    session.flush()
    assert public_status(session, now=NOW, namespace=None).generated_at == NOW


def test_while_the_monitor_itself_is_offline_the_page_tells_of_when_it_was_not(session):
    factories.service(session, last_checked_at=NOW)
    workers.tick(session, "w", now=NOW)
    note_offline(session, "w", since=NOW - MINUTE)
    assert seen(session).generated_at == NOW - MINUTE
    note_online(session, "w", now=NOW)
    assert seen(session).generated_at == NOW
