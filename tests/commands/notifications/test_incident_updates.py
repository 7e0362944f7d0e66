"""What people write about an incident is kept, and told to who knows of it and wants to hear."""

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.notifications.incident_updates import write_update
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import NEVER_TOLD
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, Incident, IncidentUpdate, Service
from webmon.notifiers.base import NotifierError

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
EDITOR = Actor(1, "anna@example.org", Role.EDITOR)
UPDATE = "incident_update Datastore.Website"


def incident_of(database: Database, service_id: int) -> int:
    with database.read() as session:
        return session.exec(select(Incident.id).where(Incident.service_id == service_id)).one()


def write(database: Database, incident_id: int, text="The disk is full", *, at, actor=EDITOR):
    with database.write() as session:
        return write_update(session, incident_id, text, actor=actor, now=at).id


def written(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(IncidentUpdate).order_by(IncidentUpdate.id)).all()
        return [(each.author, each.text) for each in rows]


def test_an_update_is_told_between_the_beginning_and_the_end(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    incident_id = incident_of(database, site)
    for minutes in (1, 2):
        write(database, incident_id, f"text {minutes}", at=NOW + minutes * MINUTE)
        deliver(database, at=NOW + minutes * MINUTE + 4 * SECOND)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + HOUR + 4 * SECOND)
    assert outside.told() == ["down Datastore.Website", UPDATE, UPDATE, "up Datastore.Website"]
    second = outside.messages()[2]
    assert (second.news[0].message, second.news[0].incident) == ("text 2", incident_id)
    assert second.reply_to == "ref-1", "a follow-up of the incident's first message"
    assert written(database) == [
        ("anna@example.org", "text 1"),
        ("anna@example.org", "text 2"),
    ]


def test_channels_that_were_told_of_the_outage_are_told(database, outside, iati, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    add_channel(database, "asked", events=ALL_EVENTS)
    add_channel(database, "silent")
    add_channel(database, "theirs", events=ALL_EVENTS, namespace_id=other)
    see(database, DOWN, site, at=NOW)
    write(database, incident_of(database, site), at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told("asked") == [f"down Datastore.Website + {UPDATE}"]
    assert outside.told("silent") == [f"down Datastore.Website + {UPDATE}"], "not asked for"
    assert outside.told("theirs") == []


def test_to_a_channel_that_was_unreachable_all_of_it_goes_in_its_order(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    outside.failures["ops"] = NotifierError("busy")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    write(database, incident_of(database, site), at=NOW + MINUTE)
    see(database, UP, site, at=NOW + 2 * MINUTE)
    outside.failures.clear()
    deliver(database, at=NOW + HOUR)
    assert outside.told() == [f"down Datastore.Website + {UPDATE} + up Datastore.Website"]


def test_who_was_not_told_of_the_outage_hears_no_more_of_it(database, outside, site):
    gate = add_service(database, site, "Gate", critical=True)
    ops = add_channel(database, events=ALL_EVENTS)
    see(database, DOWN, gate, at=NOW)
    see(database, DOWN, site, at=NOW + SECOND)
    late = add_channel(database, "late", events=ALL_EVENTS)
    incident_id = incident_of(database, site)
    write(database, incident_id, at=NOW + MINUTE)
    because = "its start was not announced: Gate is critical and down"
    assert outbox(database, ops)[-1] == ("incident_update", "suppressed", because)
    assert outbox(database, late) == [("incident_update", "suppressed", NEVER_TOLD)]
    see(database, UP, gate, at=NOW + 2 * MINUTE)
    follow_up(database, at=NOW + 2 * MINUTE)
    write(database, incident_id, at=NOW + 3 * MINUTE)
    assert [each[:2] for each in outbox(database, ops)][-2:] == [
        ("down", "queued"),
        ("incident_update", "queued"),
    ]


def test_after_a_failed_alert_a_reminder_opens_the_way_for_updates(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    outside.failures["ops"] = NotifierError("the key is wrong", permanent=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    outside.failures.clear()
    incident_id = incident_of(database, site)
    write(database, incident_id, at=NOW + MINUTE)
    because = "its start was not announced: the key is wrong"
    assert outbox(database)[-1] == ("incident_update", "suppressed", because)
    follow_up(database, at=NOW + 5 * HOUR)
    write(database, incident_id, at=NOW + 5 * HOUR + SECOND)
    deliver(database, at=NOW + 6 * HOUR)
    assert outside.told() == [f"reminder Datastore.Website + {UPDATE}"]


def test_a_channel_may_want_updates_alone(database, outside, site):
    add_channel(database, events=["incident_update"])
    see(database, DOWN, site, at=NOW)
    write(database, incident_of(database, site), at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + 2 * HOUR)
    assert outside.told() == [UPDATE]


def test_a_channel_that_was_switched_off_meanwhile_is_not_told(database, outside, site):
    ops = add_channel(database, events=ALL_EVENTS)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    with database.write() as session:
        session.get_one(Channel, ops).enabled = False
    write(database, incident_of(database, site), at=NOW + MINUTE)
    assert outbox(database)[-1] == (
        "incident_update",
        "suppressed",
        "the channel is switched off",
    )


def test_nothing_is_written_in_public_about_what_is_not_public(database, outside, site):
    add_channel(database, "x", kind="billboard", events=["incident_update"])
    with database.write() as session:
        session.get_one(Service, site).public = False
    see(database, DOWN, site, at=NOW)
    write(database, incident_of(database, site), at=NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    assert outside.told("x") == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must not be empty"),
        (" \n\u200b\x00 ", "must not be empty"),
        ("x" * 201, "must have at most 200 characters"),
        (None, "must be a text"),
    ],
)
def test_a_text_that_cannot_be_told_is_refused(database, outside, site, text, why):
    see(database, DOWN, site, at=NOW)
    with pytest.raises(Invalid) as error:
        write(database, incident_of(database, site), text, at=NOW)
    assert (error.value.field, error.value.message) == ("text", why)
    assert written(database) == []


def test_a_text_is_one_line(database, outside, site):
    see(database, DOWN, site, at=NOW)
    write(database, incident_of(database, site), " We look\n\tinto \x00 it. ", at=NOW)
    assert written(database)[0][1] == "We look into it."


def test_nothing_is_written_about_what_is_over_or_not_there(database, outside, site):
    see(database, DOWN, site, at=NOW)
    see(database, UP, site, at=NOW + MINUTE)
    incident_id = incident_of(database, site)
    with pytest.raises(Invalid, match="this incident is over"):
        write(database, incident_id, at=NOW + HOUR)
    for wrong in (10**6, -1, None, "x"):
        with pytest.raises(NotFound):
            write(database, wrong, at=NOW + HOUR)


def test_it_takes_an_editor_of_the_namespace(database, outside, iati, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    see(database, DOWN, site, add_site(database, other, "Secret"), at=NOW)
    incident_id = incident_of(database, site)
    viewer = Actor(1, "b@example.org", Role.VIEWER)
    theirs = Actor(1, "c@example.org", Role.ADMIN, frozenset({other}))
    for actor in (viewer, theirs):
        with pytest.raises((NotFound, PermissionDenied)):
            write(database, incident_id, at=NOW, actor=actor)
    assert written(database) == []
