"""Incidents as the admin app shows them: what is down first, and who was told, or why not."""

import pytest

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, site
from tests.outside import deliver, outside, see
from webmon.commands.notifications.incident_updates import write_update
from webmon.db import Database
from webmon.domain.access import Actor, Role
from webmon.domain.status import Status
from webmon.errors import NotFound
from webmon.queries.notifications.incidents import (
    IncidentDetail,
    IncidentsView,
    admin_incidents,
    incident_detail,
)

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
VIEWER = Actor(1, "a@example.org", Role.VIEWER)


def shown(database: Database, *, at=NOW, page: int = 1, actor: Actor = VIEWER) -> IncidentsView:
    with database.read() as session:
        return admin_incidents(session, actor=actor, page=page, now=at)


def detail(database: Database, incident_id: int, actor: Actor = VIEWER) -> IncidentDetail:
    with database.read() as session:
        return incident_detail(session, incident_id, actor=actor)


def test_what_is_down_stands_first_then_the_latest(database, outside, site):
    others = [add_service(database, site, name) for name in ("Search", "Shell")]
    see(database, DOWN, site, at=NOW)
    see(database, DOWN, others[0], at=NOW + MINUTE)
    see(database, UP, others[0], at=NOW + HOUR)
    see(database, DOWN, others[1], at=NOW + 2 * HOUR)
    see(database, UP, others[1], at=NOW + 3 * HOUR)
    view = shown(database, at=NOW + 4 * HOUR)
    assert [(each.service, each.is_open, each.lasted) for each in view.incidents] == [
        ("Website", True, "4 h"),
        ("Shell", False, "1 h"),
        ("Search", False, "59 min"),
    ]
    assert (view.open_count, view.found, view.pages) == (1, 3, 1)
    first = view.incidents[0]
    assert (first.host, first.namespace, first.cause) == ("Datastore", "IATI", "seen down")
    assert (first.began_at, first.ended_at) == (NOW.isoformat(), "")
    assert first.told == "nobody was notified"


def test_incidents_are_paged(database, outside, site):
    for number in range(30):
        see(database, DOWN, site, at=NOW + number * HOUR)
        see(database, UP, site, at=NOW + number * HOUR + MINUTE)
    first, second = shown(database), shown(database, page=2)
    assert (len(first.incidents), len(second.incidents), second.page) == (25, 5, 2)
    assert first.incidents[0].began_at > second.incidents[0].began_at
    assert shown(database, page=99).page == 2
    assert shown(database, page=-1).page == 1


def test_an_incident_says_who_was_told_and_what_was_not_and_why(database, outside, iati, site):
    with database.write() as session:
        other = factories.namespace(session, "di", name="DI").id
    add_channel(database, "ops")
    add_channel(database, "poor", config={"monthly_budget": 1})
    add_channel(database, "theirs", namespace_id=other)
    add_channel(database, "off", enabled=False)
    add_channel(database, "deaf", events=["downtime"])
    add_channel(database, "late", created_at=NOW + HOUR)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    see(database, UP, site, at=NOW + HOUR)
    deliver(database, at=NOW + HOUR + 4 * SECOND)
    [incident] = shown(database).incidents
    found = detail(database, incident.id)
    told = [(each.channel, each.event, each.word, each.why) for each in found.deliveries]
    assert [each for each in told if each[0] in ("ops", "poor")] == [
        ("ops", "down", "sent", ""),
        ("poor", "down", "sent", ""),
        ("ops", "back online", "sent", ""),
        ("poor", "back online", "not sent", "monthly budget of 1 posts is used up"),
    ]
    assert {(each.channel, each.why) for each in found.untold} == {
        ("theirs", "it only receives news of DI"),
        ("off", "it is switched off"),
        ("deaf", "it does not receive outages"),
    }
    assert incident.told == "5 sent, 1 suppressed"


def test_an_incident_shows_what_was_written_about_it(database, outside, site):
    see(database, DOWN, site, at=NOW)
    [incident] = shown(database).incidents
    with database.write() as session:
        editor = Actor(2, "anna@example.org", Role.EDITOR)
        write_update(session, incident.id, "The disk is full", actor=editor, now=NOW + MINUTE)
    [update] = detail(database, incident.id, editor).updates
    at = (NOW + MINUTE).isoformat()
    assert (update.at, update.author, update.text) == (at, "anna@example.org", "The disk is full")
    assert detail(database, incident.id, editor).can_write
    assert not detail(database, incident.id).can_write, "a viewer only reads"
    see(database, UP, site, at=NOW + HOUR)
    assert not detail(database, incident.id, editor).can_write, "it is over"
    assert len(detail(database, incident.id).updates) == 1


def test_a_channel_that_came_later_says_so(database, outside, site):
    see(database, DOWN, site, at=NOW)
    add_channel(database, "late", created_at=NOW + HOUR)
    [incident] = shown(database).incidents
    assert [each.why for each in detail(database, incident.id).untold] == ["it was added later"]


def test_nobody_sees_an_incident_of_another_s_namespace(database, outside, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    see(database, DOWN, add_site(database, other, "Secret"), site, at=NOW)
    limited = Actor(1, "b@example.org", Role.ADMIN, frozenset({other}))
    view = shown(database, actor=limited)
    assert [each.host for each in view.incidents] == ["Secret"]
    assert (view.found, view.open_count) == (1, 1)
    ours = next(each for each in shown(database).incidents if each.host != "Secret")
    with pytest.raises(NotFound):
        detail(database, ours.id, limited)
    with pytest.raises(NotFound):
        detail(database, 10**12)
