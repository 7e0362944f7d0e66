"""Somebody takes an incident: reminders stop, its end is told, and who wants to know is told."""

import pytest

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, follow_up, outside, see
from webmon.commands.notifications.acknowledgements import acknowledge
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.rules import NEVER_TOLD
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Incident

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
EDITOR = Actor(1, "anna@example.org", Role.EDITOR)
ACKNOWLEDGED = "acknowledged Datastore.Website"


def take(database: Database, *incident_ids, at, actor=EDITOR) -> int:
    with database.write() as session:
        return acknowledge(session, incident_ids, actor=actor, now=at)


def taken(database: Database, incident_id: int = 1):
    with database.read() as session:
        incident = session.get_one(Incident, incident_id)
        return incident.acknowledged_by, incident.acknowledged_at


def test_reminders_stop_and_the_end_is_told(database, outside, site):
    add_channel(database, "usual")
    add_channel(database, events=ALL_EVENTS)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    assert take(database, 1, at=NOW + MINUTE) == 1
    assert taken(database) == ("anna@example.org", NOW + MINUTE)
    deliver(database, at=NOW + 2 * MINUTE)
    for hours in (5, 10):
        follow_up(database, at=NOW + hours * HOUR)
        deliver(database, at=NOW + hours * HOUR + 4 * SECOND)
    see(database, UP, site, at=NOW + 11 * HOUR)
    deliver(database, at=NOW + 12 * HOUR)
    assert outside.told() == ["down Datastore.Website", ACKNOWLEDGED, "up Datastore.Website"]
    assert outside.told("usual") == ["down Datastore.Website", "up Datastore.Website"]
    second = outside.messages()[1]
    assert second.news[0].message == "acknowledged by anna@example.org"
    assert second.reply_to == "ref-2", "a follow-up of the incident's first message"


def test_a_reminder_that_waits_is_not_sent(database, outside, site):
    ops = add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    follow_up(database, at=NOW + 5 * HOUR)
    take(database, 1, at=NOW + 5 * HOUR)
    deliver(database, at=NOW + 6 * HOUR)
    see(database, UP, site, at=NOW + 7 * HOUR)
    deliver(database, at=NOW + 8 * HOUR)
    because = "acknowledged by anna@example.org"
    assert ("reminder", "suppressed", because) in outbox(database, ops)
    assert outside.told() == ["down Datastore.Website", "up Datastore.Website"]


def test_the_next_outage_has_reminders_again(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    take(database, 1, at=NOW)
    see(database, UP, site, at=NOW + HOUR)
    see(database, DOWN, site, at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 3 * HOUR)
    follow_up(database, at=NOW + 8 * HOUR)
    assert outbox(database)[-1] == ("reminder", "queued", "")


def test_the_first_to_take_it_is_who_has_it(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    see(database, DOWN, site, at=NOW)
    take(database, 1, at=NOW + MINUTE)
    other = Actor(2, "ben@example.org", Role.EDITOR)
    assert take(database, 1, at=NOW + 2 * MINUTE, actor=other) == 0
    assert taken(database) == ("anna@example.org", NOW + MINUTE)
    assert [each[0] for each in outbox(database)] == ["down", "acknowledged"]


def test_all_that_failed_together_is_taken_together(database, outside, site):
    add_channel(database, events=ALL_EVENTS)
    shell = add_service(database, site, "Shell")
    see(database, DOWN, site, shell, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    assert take(database, 1, 2, at=NOW + MINUTE) == 2
    deliver(database, at=NOW + 2 * MINUTE)
    told = sorted(outside.told()[-1].split(" + "))
    assert told == ["acknowledged Datastore.Shell", ACKNOWLEDGED]
    see(database, UP, shell, at=NOW + HOUR)
    assert take(database, 1, 2, at=NOW + HOUR) == 0, "the one that is over does not matter"


def test_who_does_not_know_of_the_outage_is_not_told(database, outside, site):
    see(database, DOWN, site, at=NOW)
    add_channel(database, "late", events=ALL_EVENTS)
    take(database, 1, at=NOW + MINUTE)
    assert outbox(database) == [("acknowledged", "suppressed", NEVER_TOLD)]


def test_nobody_is_named_in_public(database, outside, site):
    add_channel(database, "x", kind="billboard", events=ALL_EVENTS)
    see(database, DOWN, site, at=NOW)
    take(database, 1, at=NOW + MINUTE)
    because = "it names a person, and this channel is public"
    assert outbox(database)[-1] == ("acknowledged", "suppressed", because)


def test_what_is_over_or_not_there_cannot_be_taken(database, outside, site):
    see(database, DOWN, site, at=NOW)
    see(database, UP, site, at=NOW + MINUTE)
    with pytest.raises(Invalid, match="this incident is over"):
        take(database, 1, at=NOW + HOUR)
    assert taken(database) == (None, None)
    for wrong in ([], [10**6], [-1], [None], ["x"], [1, 99]):
        with pytest.raises(NotFound):
            take(database, *wrong, at=NOW + HOUR)


def test_it_takes_an_editor_of_the_namespace(database, outside, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    see(database, DOWN, site, at=NOW)
    viewer = Actor(1, "b@example.org", Role.VIEWER)
    theirs = Actor(1, "c@example.org", Role.ADMIN, frozenset({other}))
    for actor in (viewer, theirs):
        with pytest.raises((NotFound, PermissionDenied)):
            take(database, 1, at=NOW, actor=actor)
    assert taken(database) == (None, None)
