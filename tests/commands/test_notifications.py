"""What is owed to which channel, told once, in order, or suppressed with its reason."""

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands import channels, hosts, namespaces, notifications, services
from webmon.commands.incident_updates import write_update
from webmon.db import Database
from webmon.domain.access import Actor, Role
from webmon.domain.announcing import QUIET, SUMMED_UP
from webmon.domain.messages import headline
from webmon.domain.status import Status
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, Host, Incident, Namespace, Notification, Service
from webmon.models.notifications import Delivery
from webmon.notifiers.base import NotifierError

__all__ = ["outside"]

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN


@pytest.fixture
def iati(database: Database) -> int:
    """A namespace; the administrators' own channel is away, so that it is not in every list."""
    with database.write() as session:
        session.delete(session.exec(select(Channel)).one())
        return factories.namespace(session, "iati").id


@pytest.fixture
def site(database: Database, iati: int) -> int:
    return add_site(database, iati)


def add_site(database: Database, namespace_id: int, host: str = "Datastore", *names: str) -> int:
    """A host with a service, or with several; returns the id of the first."""
    with database.write() as session:
        host_id = factories.host(session, host, namespace_id=namespace_id).id
        rows = [factories.service(session, each, host_id=host_id) for each in names or ("Website",)]
        return rows[0].id


def add_service(database: Database, beside: int, name: str, **fields) -> int:
    with database.write() as session:
        host_id = session.get(Service, beside).host_id
        return factories.service(session, name, host_id=host_id, **fields).id


def add_channel(database: Database, name: str = "ops", **fields) -> int:
    with database.write() as session:
        return factories.channel(session, name, **fields).id


def owed(database: Database, channel_id: int | None = None) -> list[tuple[str, str, str]]:
    """(event, delivery, reason) of every notification, in order."""
    with database.read() as session:
        rows = session.exec(select(Notification).order_by(Notification.id)).all()
        return [
            (row.event, row.delivery.value, row.reason)
            for row in rows
            if channel_id in (None, row.channel_id)
        ]


# --- once, to whom it concerns


def test_an_outage_its_reminders_and_its_end_are_told_once_each(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    see(database, DOWN, site, at=NOW + SECOND)
    for seconds in range(8):
        deliver(database, at=NOW + seconds * SECOND)
    assert outside.told() == ["down Datastore.Website"]
    for minutes in range(0, 9 * 60, 10):
        at = NOW + minutes * MINUTE
        follow_up(database, at=at)
        deliver(database, at=at + 5 * SECOND)
    assert outside.told()[1:] == ["reminder Datastore.Website"] * 2
    see(database, UP, site, at=NOW + 9 * HOUR)
    for seconds in range(8):
        deliver(database, at=NOW + 9 * HOUR + seconds * SECOND)
    follow_up(database, at=NOW + 30 * HOUR)
    deliver(database, at=NOW + 31 * HOUR)
    assert outside.told()[3:] == ["up Datastore.Website"]
    up = outside.messages()[-1].news[0]
    assert (up.down_since, up.since, up.status) == (NOW, NOW + 9 * HOUR, UP)


def test_reminders_come_as_often_as_the_channel_wants_them(database, outside, site):
    add_channel(database, reminder_every_seconds=10)
    other = add_service(database, site, "SSH")
    see(database, DOWN, site, other, at=NOW)
    told_after = []
    for seconds in range(45):
        at = NOW + seconds * SECOND
        if seconds % 2:
            follow_up(database, at=at)
        before = len(outside.messages())
        deliver(database, at=at)
        told_after += [seconds] * (len(outside.messages()) - before)
    assert told_after == [3, 13, 23, 33, 43]
    assert outside.told()[-1] == "reminder Datastore.Website + reminder Datastore.SSH"
    follow_up(database, at=NOW + 51 * SECOND)
    see(database, UP, site, other, at=NOW + 52 * SECOND)  # while the next reminder waits
    deliver(database, at=NOW + 53 * SECOND)
    deliver(database, at=NOW + 55 * SECOND)
    assert outside.told()[5:] == ["up Datastore.Website + up Datastore.SSH"]


def test_news_go_out_three_seconds_after_they_arose(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 2.9 * SECOND)
    assert outside.told() == []
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website"]


def test_a_service_that_is_well_from_the_start_costs_no_statement(session, outside, monkeypatch):
    monkeypatch.setattr(session, "execute", None)
    seen = notifications.Occurrence(1, Status.UNKNOWN, UP, 1)
    notifications.announce(session, [seen], now=NOW)
    notifications.announce(session, [], now=NOW)


def test_news_go_to_the_channels_of_their_namespace_and_to_those_of_all(
    database, outside, iati, site
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
    add_channel(database, "all")
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "di", namespace_id=di)
    add_channel(database, "off", enabled=False)
    add_channel(database, "ups", events=["up"])
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert sorted(name for name, _ in outside.received) == ["all", "iati"]


def test_difficulties_are_opt_in_and_have_an_end(database, outside, site):
    add_channel(database, "all", events=ALL_EVENTS)
    add_channel(database, "usual")
    for minute, status in enumerate((UP, DEGRADED, UP)):
        see(database, status, site, at=NOW + minute * MINUTE)
        deliver(database, at=NOW + minute * MINUTE + 3 * SECOND)
    assert outside.told("all") == ["degraded Datastore.Website", "up Datastore.Website"]
    assert outside.told("usual") == []


def test_an_outage_that_ends_in_difficulties_is_told_as_that(database, outside, site):
    add_channel(database, "all", events=ALL_EVENTS)
    add_channel(database, "usual")
    for minute, status in enumerate((DOWN, DEGRADED, UP)):
        see(database, status, site, at=NOW + minute * MINUTE)
        deliver(database, at=NOW + minute * MINUTE + 3 * SECOND)
    assert outside.told("usual") == ["down Datastore.Website", "up Datastore.Website"]
    assert outside.told("all") == ["down Datastore.Website", *["up Datastore.Website"] * 2]
    told = [message.news[0].status for message in outside.messages("all")]
    assert told == [DOWN, DEGRADED, UP]


def test_a_channel_that_was_not_told_of_an_outage_is_not_told_of_its_end(database, outside, site):
    see(database, DOWN, site, at=NOW)
    channel_id = add_channel(database)
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == []
    [(event, delivery, reason)] = owed(database, channel_id)
    assert (event, delivery) == ("up", "suppressed")
    assert reason == "this channel was not told that it was not well"


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
    because = "the channel is told of another namespace"
    assert owed(database, channel_id)[:2] == [
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


# --- together


def test_the_services_of_a_host_are_told_together(database, outside, iati):
    add_channel(database)
    first = add_site(database, iati, "Datastore", "Website", "Database")
    see(database, DOWN, first, at=NOW)
    see(database, DOWN, first + 1, at=NOW + 2 * SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + down Datastore.Database"]


def test_many_hosts_are_one_digest_and_stragglers_the_next(database, outside, iati):
    add_channel(database)
    ids = [add_site(database, iati, f"H{number}") for number in range(9)]
    see(database, DOWN, *ids[:7], at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert len(outside.received) == 1
    assert len(outside.messages()[0].news) == 7
    see(database, DOWN, ids[7], at=NOW + 5 * SECOND)
    see(database, DOWN, ids[8], at=NOW + 15 * SECOND)
    deliver(database, at=NOW + 20 * SECOND)
    assert len(outside.received) == 1
    for second in range(30, 40):
        deliver(database, at=NOW + second * SECOND)
    assert outside.told()[1:] == ["down H7.Website", "down H8.Website"]


def test_a_recovery_that_comes_before_its_outage_was_told_goes_out_with_it(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    see(database, UP, site, at=NOW + 2 * SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]
    deliver(database, at=NOW + HOUR)
    assert len(outside.received) == 1


# --- critical services


def test_while_a_critical_service_is_down_the_others_are_not_told(database, outside, site):
    channel_id = add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, front, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outside.told() == ["down Datastore.Front"]
    assert ("down", "suppressed", "Front is critical and down") in owed(database, channel_id)


def test_what_is_still_down_is_told_with_the_critical_services_recovery(database, outside, site):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    other = add_service(database, site, "Other")
    see(database, DOWN, front, at=NOW)
    see(database, DOWN, site, other, at=NOW + SECOND)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, other, at=NOW + MINUTE)
    see(database, UP, front, at=NOW + 2 * MINUTE)
    follow_up(database, at=NOW + 2 * MINUTE + 2 * SECOND)
    deliver(database, at=NOW + 2 * MINUTE + 3 * SECOND)
    assert outside.told()[1:] == ["up Datastore.Front + down Datastore.Website"]
    see(database, UP, site, at=NOW + 3 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE + 3 * SECOND)
    assert outside.told()[2:] == ["up Datastore.Website"]


def test_what_was_told_before_the_critical_service_went_down_is_ended_all_the_same(
    database, outside, site
):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, front, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + 2 * MINUTE)
    deliver(database, at=NOW + 3 * MINUTE)
    assert outside.told()[1:] == ["down Datastore.Front + up Datastore.Website"]


@pytest.mark.parametrize("how", ["pause", "delete_service"])
def test_a_critical_service_that_is_no_longer_watched_holds_nothing_back(
    database, outside, site, how
):
    add_channel(database)
    front = add_service(database, site, "Front", critical=True)
    see(database, DOWN, front, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        getattr(services, how)(session, front, actor=None, now=NOW + MINUTE)
    follow_up(database, at=NOW + MINUTE + SECOND)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told()[1:] == ["up Datastore.Front + down Datastore.Website"]


def test_what_was_told_before_worse_news_was_held_back_is_ended(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    front = add_service(database, site, "Front", critical=True)
    see(database, DEGRADED, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, DOWN, front, at=NOW + MINUTE)
    see(database, DOWN, site, at=NOW + 2 * MINUTE)
    see(database, UP, site, at=NOW + 3 * MINUTE)
    deliver(database, at=NOW + 4 * MINUTE)
    assert outside.told() == [
        "degraded Datastore.Website",
        "down Datastore.Front + up Datastore.Website",
    ]


# --- flapping


def flap(database: Database, service_id: int, count: int, start=NOW):
    """``count`` changes, a minute apart, the first one to down; delivers after each."""
    for number in range(count):
        at = start + number * MINUTE
        see(database, (DOWN, UP)[number % 2], service_id, at=at)
        deliver(database, at=at + 5 * SECOND)


@pytest.mark.parametrize(("count", "settled"), [(9, "down"), (10, "up")])
def test_flapping_is_told_once_and_then_how_it_ended(database, outside, site, count, settled):
    channel_id = add_channel(database)
    see(database, UP, site, at=NOW - MINUTE)
    flap(database, site, count)
    assert [each.split()[0] for each in outside.told()[:7]] == [*["down", "up"] * 3, "flapping"]
    assert len(outside.received) == 7
    assert owed(database, channel_id).count(("up", "suppressed", SUMMED_UP)) >= 1
    end = NOW + (count - 1) * MINUTE
    follow_up(database, at=end + QUIET - SECOND)
    deliver(database, at=end + QUIET)
    assert len(outside.received) == 7
    follow_up(database, at=end + QUIET)
    deliver(database, at=end + QUIET + 3 * SECOND)
    assert outside.told()[7:] == [f"{settled} Datastore.Website"]
    summary = outside.messages()[-1].news[0]
    assert summary.changes == count
    assert summary.since == end
    assert f"It changed {count} times" in summary.message
    assert "has stayed like this for 10 min" in summary.message


def test_an_outage_after_many_difficulties_is_flapping_only_for_who_heard_of_them(
    database, outside, site
):
    add_channel(database)
    add_channel(database, "all", events=ALL_EVENTS)
    see(database, UP, site, at=NOW - MINUTE)
    for minute in range(8):
        see(database, (DEGRADED, UP)[minute % 2], site, at=NOW + minute * MINUTE)
    see(database, DOWN, site, at=NOW + 8 * MINUTE)
    deliver(database, at=NOW + 9 * MINUTE)
    assert outside.told() == ["down Datastore.Website"]
    assert outside.told("all")[-1].endswith("flapping Datastore.Website")
    assert outside.messages("all")[-1].news[-1].changes == 7


def test_an_outage_that_flapping_ended_in_is_reminded_of_and_ended(database, outside, site):
    add_channel(database)
    see(database, UP, site, at=NOW - MINUTE)
    flap(database, site, 9)
    for at in (NOW + HOUR, NOW + 5 * HOUR + MINUTE):
        follow_up(database, at=at)
        deliver(database, at=at + 3 * SECOND)
    see(database, UP, site, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 6 * HOUR + 3 * SECOND)
    assert [each.split()[0] for each in outside.told()[7:]] == ["down", "reminder", "up"]


# --- no longer watched


def test_whoever_was_told_of_an_outage_hears_that_the_service_is_paused(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        services.pause(session, site, actor=None, now=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told()[1:] == ["up Datastore.Website"]
    news = outside.messages()[-1].news[0]
    assert (news.status, news.message) == (Status.PAUSED, "Website was paused.")
    with database.write() as session:
        services.resume(session, site, actor=None, now=NOW + HOUR)
    see(database, DOWN, site, at=NOW + HOUR + MINUTE)
    deliver(database, at=NOW + HOUR + 2 * MINUTE)
    assert outside.told()[2:] == ["down Datastore.Website"]
    assert all(delivery == "sent" for _, delivery, _ in owed(database, channel_id))


def delete_service(session, service_id):
    services.delete_service(session, service_id, actor=None, now=NOW + MINUTE)


def delete_host(session, service_id):
    host_id = session.get(Service, service_id).host_id
    hosts.delete_host(session, host_id, actor=None, now=NOW + MINUTE)


def delete_namespace(session, _service_id):
    [namespace] = session.exec(select(Namespace)).all()
    namespaces.delete_namespace(session, namespace.id, actor=None, now=NOW + MINUTE)


@pytest.mark.parametrize("delete", [delete_service, delete_host, delete_namespace])
def test_whoever_was_told_of_an_outage_hears_that_the_service_was_deleted(
    database, outside, site, delete
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        delete(session, site)
    follow_up(database, at=NOW + 5 * HOUR)
    deliver(database, at=NOW + 5 * HOUR)
    assert outside.told()[1:] == ["up Datastore.Website"]
    assert outside.messages()[-1].news[0].message == "Website was deleted."


def test_what_was_not_told_yet_when_its_service_was_deleted_is_told_as_over(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    with database.write() as session:
        delete_service(session, site)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told() == ["down Datastore.Website + up Datastore.Website"]


def test_a_reminder_of_an_outage_that_has_ended_is_dropped(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    follow_up(database, at=NOW + 4 * HOUR + MINUTE)
    see(database, UP, site, at=NOW + 4 * HOUR + MINUTE + SECOND)
    deliver(database, at=NOW + 5 * HOUR)
    assert outside.told() == ["down Datastore.Website", "up Datastore.Website"]
    assert ("reminder", "suppressed", "it is up again") in owed(database, channel_id)


# --- a channel that is switched off or deleted


def test_a_channel_that_is_switched_off_is_told_nothing_more(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    switch(database, channel_id, enabled=False)
    deliver(database, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + 2 * HOUR)
    assert outside.told() == []
    assert [row[:2] for row in owed(database)] == [("down", "suppressed"), ("up", "suppressed")]
    assert owed(database)[0][2] == "the channel is switched off"
    switch(database, channel_id, enabled=True)
    see(database, DOWN, site, at=NOW + 3 * HOUR)
    deliver(database, at=NOW + 4 * HOUR)
    assert outside.told() == ["down Datastore.Website"]


def switch(database: Database, channel_id: int, **fields):
    with database.write() as session:
        session.get(Channel, channel_id).sqlmodel_update(fields)


def test_deleting_a_channel_takes_its_notifications_along(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        session.delete(session.get(Channel, channel_id))
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + HOUR)
    assert owed(database) == []


# --- the administrators' channel


def test_administrators_hear_of_their_namespaces_and_need_a_mail_server(
    database, outside, monkeypatch, site
):
    add_channel(database, "admins", kind="recorder", built_in=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + MINUTE)
    assert owed(database) == [("down", "suppressed", "there is no active administrator")]
    see(database, UP, site, at=NOW + HOUR)
    with database.write() as session:
        [iati] = session.exec(select(Namespace)).all()
        di = factories.namespace(session, "di")
        factories.user(session, "a@example.org")
        factories.user(session, "editor@example.org", role=Role.EDITOR)
        factories.user(session, "gone@example.org", disabled_at=NOW)
        factories.user(session, "iati@example.org", namespace_ids=[iati.id])
        factories.user(session, "di@example.org", namespace_ids=[di.id])
    see(database, DOWN, site, at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 3 * HOUR)
    assert outside.admins == [("a@example.org", "iati@example.org")]


def test_without_a_mail_server_mail_is_suppressed_at_once(database, outside, site):
    channel_id = add_channel(database, kind="email")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert owed(database, channel_id) == [("down", "suppressed", "WEBMON_SMTP_URL is not set")]


# --- about the monitor itself


def test_news_of_the_monitor_go_once_to_the_private_channels_of_all_namespaces(
    database, outside, iati
):
    add_channel(database, "ops")
    add_channel(database, "concerned")
    add_channel(database, "public", kind="billboard")
    add_channel(database, "iati", namespace_id=iati)
    with database.write() as session:
        [about] = session.exec(select(Channel.id).where(Channel.name == "concerned")).all()
        for _ in range(2):
            notifications.tell_monitor(
                session, "offline:1", "The monitor was offline.", now=NOW, about_channel=about
            )
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["ops"]
    assert outside.messages()[0].news[0].message == "The monitor was offline."


def test_that_a_channel_fails_is_told_to_those_who_look_after_its_namespace(
    database, outside, iati
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
        factories.user(session, "iati@example.org", namespace_ids=[iati])
        factories.user(session, "di@example.org", namespace_ids=[di])
    add_channel(database, "admins", built_in=True)
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "di", namespace_id=di)
    about = add_channel(database, "x", kind="billboard", namespace_id=iati)
    with database.write() as session:
        notifications.tell_monitor(session, "channel:1", "It fails.", now=NOW, about_channel=about)
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["admins", "iati"]
    assert outside.admins[0] == ("iati@example.org",)


def test_that_the_administrators_own_channel_fails_is_told_by_all_that_are_private(
    database, outside, iati
):
    about = add_channel(database, "admins", built_in=True)
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "x", kind="billboard", namespace_id=iati)
    with database.write() as session:
        notifications.tell_monitor(session, "channel:1", "It fails.", now=NOW, about_channel=about)
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["iati"]


# --- tests, and sending again


EDITOR = Actor(1, "e@example.org", Role.EDITOR)


def test_a_test_goes_out_at_once_also_where_the_channel_is_off(database, outside, iati):
    channel_id = add_channel(database, enabled=False)
    with database.write() as session:
        notifications.send_test(session, channel_id, actor=EDITOR, now=NOW)
    deliver(database, at=NOW)
    assert outside.told() == ["test"]


def test_only_who_may_use_a_channel_sends_a_test(database, outside, iati):
    channel_id = add_channel(database, namespace_id=iati)
    everywhere = add_channel(database, "everywhere")
    viewer = Actor(1, "v@example.org", Role.VIEWER)
    stranger = Actor(1, "s@example.org", Role.EDITOR, frozenset({iati + 1}))
    own = Actor(1, "o@example.org", Role.EDITOR, frozenset({iati}))
    with database.write() as session:
        for actor, target in ((viewer, channel_id), (stranger, channel_id), (own, everywhere)):
            with pytest.raises(PermissionDenied):
                notifications.send_test(session, target, actor=actor, now=NOW)
        notifications.send_test(session, channel_id, actor=own, now=NOW)
        with pytest.raises(NotFound):
            notifications.send_test(session, 999, actor=own, now=NOW)


def test_a_message_is_sent_again_with_all_that_was_told_in_it(database, outside, iati):
    channel_id = add_channel(database)
    first = add_site(database, iati, "Datastore", "Website", "Database")
    see(database, DOWN, first, first + 1, at=NOW)
    with database.write() as session:
        found = session.exec(select(Notification)).first()
        with pytest.raises(Invalid, match="on its way"):
            notifications.send_again(session, found.id, actor=EDITOR, now=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        notifications.send_again(session, found.id, actor=EDITOR, now=NOW + MINUTE)
        with pytest.raises(NotFound):
            notifications.send_again(session, 999, actor=EDITOR, now=NOW)
    deliver(database, at=NOW + MINUTE)
    assert outside.told() == ["down Datastore.Website + down Datastore.Database"] * 2
    assert owed(database, channel_id) == [("down", Delivery.SENT, "")] * 2


def test_incidents_are_named_in_the_news_and_in_the_rows(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    see(database, UP, site, at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    with database.read() as session:
        [incident] = session.exec(select(Incident)).all()
        rows = session.exec(select(Notification)).all()
    assert {row.incident_id for row in rows} == {incident.id}
    assert {row.cause for row in rows} == {f"incident:{incident.id}"}
    assert [message.news[0].incident for message in outside.messages()] == [incident.id] * 2
    assert outside.messages()[1].reply_to == "ref-1"
