"""The last news of a service that is no longer watched, or for a channel that is off."""

import pytest
from sqlmodel import select

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, iati, outbox, site
from tests.outside import deliver, follow_up, outside, see
from webmon.commands.checks import record
from webmon.commands.inventory import hosts, namespaces, services
from webmon.db import Database
from webmon.domain.checks.status import Status
from webmon.models import Channel, Namespace, Service
from webmon.probes.base import unable

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN

# --- no longer watched


def test_channels_told_of_an_outage_are_told_that_the_service_is_paused(database, outside, site):
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
    assert all(delivery == "sent" for _, delivery, _ in outbox(database, channel_id))


def test_channels_told_of_an_outage_are_told_that_nobody_can_look_any_longer(
    database, outside, site
):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    with database.write() as session:
        outcome = unable("10.0.0.7 is a private address")
        finding = record.Finding(site, None, None, NOW + MINUTE, outcome)
        record.record(session, [finding], now=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told()[1:] == ["up Datastore.Website"]
    news = outside.messages()[-1].news[0]
    assert (news.status, news.message) == (
        Status.PAUSED,
        "Website cannot be looked at any longer.",
    )
    see(database, UP, site, at=NOW + 3 * MINUTE)
    deliver(database, at=NOW + 4 * MINUTE)
    assert len(outside.told()) == 2


def delete_service(session, service_id):
    services.delete_service(session, service_id, actor=None, now=NOW + MINUTE)


def delete_host(session, service_id):
    host_id = session.get(Service, service_id).host_id
    hosts.delete_host(session, host_id, actor=None, now=NOW + MINUTE)


def delete_namespace(session, _service_id):
    [namespace] = session.exec(select(Namespace)).all()
    namespaces.delete_namespace(session, namespace.id, actor=None, now=NOW + MINUTE)


@pytest.mark.parametrize("delete", [delete_service, delete_host, delete_namespace])
def test_channels_told_of_an_outage_are_told_that_the_service_was_deleted(
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
    assert ("reminder", "suppressed", "it is up again") in outbox(database, channel_id)


# --- a channel that is switched off or deleted


def test_a_channel_that_is_switched_off_is_told_nothing_more(database, outside, site):
    channel_id = add_channel(database)
    see(database, DOWN, site, at=NOW)
    switch(database, channel_id, enabled=False)
    deliver(database, at=NOW + MINUTE)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + 2 * HOUR)
    assert outside.told() == []
    assert [row[:2] for row in outbox(database)] == [
        ("down", "suppressed"),
        ("up", "suppressed"),
    ]
    assert outbox(database)[0][2] == "the channel is switched off"
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
    assert outbox(database) == []
