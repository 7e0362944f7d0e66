"""What becomes of news when the host, the channel or what is public changes its place."""

from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.inventory import hosts
from webmon.commands.notifications import channels
from webmon.commands.notifications.incident_updates import write_update
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages import headline
from webmon.models import Host, Incident, Notification, Service
from webmon.notifiers.base import NotifierError

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN


def test_an_outage_told_before_the_host_moved_is_ended_where_it_was_told(
    database, outside, iati, site
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
    add_channel(database, "iati", namespace_id=iati)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        session.exec(select(Service)).one()
        host = session.get(Service, site).host_id
        fields = {"name": "Datastore", "namespace_id": di, "address": "127.0.0.1"}
        hosts.update_host(session, host, fields, actor=None, now=NOW)
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told("iati") == ["down Datastore.Website", "up Datastore.Website"]


def move_channel(database, channel_id: int, name: str, namespace_id: int) -> None:
    fields = {"name": name, "kind": "recorder", "config": {"name": name}}
    with database.write() as session:
        fields |= {"namespace_id": namespace_id, "events": ALL_EVENTS}
        channels.update_channel(session, channel_id, fields, actor=None, now=NOW)


def test_what_waits_for_a_channel_that_moves_to_another_namespace_is_not_told_there(
    database, outside, iati, site
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
    channel_id = add_channel(database, namespace_id=iati)
    outside.failures["ops"] = NotifierError("the server is busy")
    other = add_site(database, di, "Search")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + MINUTE)
    move_channel(database, channel_id, "ops", di)
    see(database, DOWN, other, at=NOW + MINUTE)
    outside.failures.clear()
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Search.Website"]
    because = "the channel is for another namespace"
    assert outbox(database, channel_id)[:2] == [
        ("down", "suppressed", because),
        ("up", "suppressed", because),
    ]


def test_a_channel_that_has_moved_hears_the_end_of_what_it_was_told_and_no_more(
    database, outside, iati, site
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
    channel_id = add_channel(database, namespace_id=iati, events=ALL_EVENTS)
    critical = add_service(database, site, "Gateway", critical=True)
    see(database, DOWN, critical, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, site, at=NOW + MINUTE)
    move_channel(database, channel_id, "ops", di)
    with database.write() as session:
        incident = session.exec(select(Incident)).first()
        admin = Actor(1, "admin@example.org", Role.ADMIN, None)
        write_update(session, incident.id, "We look into it", actor=admin, now=NOW + MINUTE)
    follow_up(database, at=NOW + 5 * HOUR)
    see(database, UP, critical, at=NOW + 6 * HOUR)
    for minute in range(20):
        follow_up(database, at=NOW + 6 * HOUR + minute * MINUTE)
        deliver(database, at=NOW + 6 * HOUR + minute * MINUTE)
    assert outside.told() == ["down Datastore.Gateway", "up Datastore.Gateway"]


def test_an_outage_that_was_not_told_under_its_old_name_is_told_as_over(
    database, outside, iati, site
):
    add_channel(database)
    outside.failures["ops"] = NotifierError("the server is busy")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        host_id = session.get_one(Service, site).host_id
        fields = {"name": "Registry", "namespace_id": iati, "address": "127.0.0.1"}
        hosts.update_host(session, host_id, fields, actor=None, now=NOW)
    see(database, UP, site, at=NOW + MINUTE)
    outside.failures.clear()
    deliver(database, at=NOW + 2 * MINUTE)
    [told] = outside.messages()
    assert headline(told) == "WAS DOWN: Registry – Website (from 10:00 to 10:01, 1 min)"


def test_what_is_not_public_is_told_in_no_public_channel(database, outside, iati, site):
    add_channel(database)
    add_channel(database, "x", kind="billboard")
    hidden = add_service(database, site, "Hidden", public=False)
    see(database, DOWN, site, hidden, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + down Datastore.Hidden"]
    assert outside.told("x") == ["down Datastore.Website"]
    publish_host(database, site, public=False)
    follow_up(database, at=NOW + 5 * HOUR)
    see(database, UP, site, at=NOW + 6 * HOUR)
    see(database, DOWN, site, at=NOW + 7 * HOUR)
    deliver(database, at=NOW + 8 * HOUR)
    assert outside.told("x")[1:] == ["up Datastore.Website"], "what it was told of has its end"
    publish_host(database, site, public=True)
    follow_up(database, at=NOW + 9 * HOUR)
    see(database, UP, site, at=NOW + 9 * HOUR)
    see(database, DOWN, site, at=NOW + 10 * HOUR)
    deliver(database, at=NOW + 11 * HOUR)
    assert outside.told("x")[2:] == ["down Datastore.Website"]
    with database.read() as session:
        assert not session.exec(select(Notification.id).where(Notification.is_muted)).all()


def publish_host(database, service_id: int, *, public: bool) -> None:
    with database.write() as session:
        session.get_one(Host, session.get_one(Service, service_id).host_id).public = public
