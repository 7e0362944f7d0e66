"""Incidents as the admin app shows them: what is down first, and who was told, or why not."""

import pytest

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, add_service, add_site, iati, site
from tests.outside import deliver, outside, see
from webmon.commands.notifications.acknowledgements import acknowledge
from webmon.commands.notifications.incident_updates import write_update
from webmon.commands.notifications.mutes import end_mute, mute_service
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.errors import NotFound
from webmon.models import Service
from webmon.queries.notifications.incident_detail import IncidentDetail, incident_detail
from webmon.queries.notifications.incident_timeline import MomentView, MuteView
from webmon.queries.notifications.incidents import (
    IncidentsView,
    IncidentView,
    Wanted,
    admin_incidents,
)
from webmon.queries.notifications.update_reach import NOBODY

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN
VIEWER = Actor(1, "a@example.org", Role.VIEWER)


def shown(
    database: Database, *, at=NOW, page: int = 1, actor: Actor = VIEWER, **wanted
) -> IncidentsView:
    with database.read() as session:
        asked = Wanted(**wanted)
        return admin_incidents(session, wanted=asked, actor=actor, page=page, now=at)


def parts(view: IncidentsView) -> list[IncidentView]:
    return [part for entry in view.groups for part in entry.parts]


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
    assert [(each.service, each.is_open, each.lasted) for each in parts(view)] == [
        ("Website", True, "4 h"),
        ("Shell", False, "1 h"),
        ("Search", False, "59 min"),
    ]
    assert (view.open_count, view.found, view.pages) == (1, 3, 1)
    first = parts(view)[0]
    assert (first.host, first.namespace, first.cause) == ("Datastore", "IATI", "seen down")
    assert (first.began_at, first.ended_at) == (NOW.isoformat(), "")
    assert first.told == "nobody was notified"


def test_incidents_are_paged(database, outside, site):
    for number in range(30):
        see(database, DOWN, site, at=NOW + number * HOUR)
        see(database, UP, site, at=NOW + number * HOUR + MINUTE)
    first, second = shown(database), shown(database, page=2)
    assert (len(parts(first)), len(parts(second)), second.page) == (25, 5, 2)
    assert parts(first)[0].began_at > parts(second)[0].began_at
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
    [incident] = parts(shown(database))
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
    [incident] = parts(shown(database))
    with database.write() as session:
        editor = Actor(2, "anna@example.org", Role.EDITOR)
        write_update(session, incident.id, "The disk is full", actor=editor, now=NOW + MINUTE)
    wrote = MomentView((NOW + MINUTE).isoformat(), "The disk is full", "anna@example.org")
    assert wrote in detail(database, incident.id, editor).timeline
    assert detail(database, incident.id, editor).can_write
    assert not detail(database, incident.id).can_write, "a viewer only reads"
    see(database, UP, site, at=NOW + HOUR)
    assert not detail(database, incident.id, editor).can_write, "it is over"
    assert [each.what for each in detail(database, incident.id).timeline] == [
        "First failure",
        "Down, confirmed",
        "The disk is full",
        "Over",
    ]


def test_a_channel_that_came_later_says_so(database, outside, site):
    see(database, DOWN, site, at=NOW)
    add_channel(database, "late", created_at=NOW + HOUR)
    [incident] = parts(shown(database))
    assert [each.why for each in detail(database, incident.id).untold] == ["it was added later"]


def test_nobody_sees_an_incident_of_another_s_namespace(database, outside, site):
    with database.write() as session:
        other = factories.namespace(session, "di").id
    see(database, DOWN, add_site(database, other, "Secret"), site, at=NOW)
    limited = Actor(1, "b@example.org", Role.ADMIN, frozenset({other}))
    view = shown(database, actor=limited)
    assert [each.host for each in parts(view)] == ["Secret"]
    assert (view.found, view.open_count) == (1, 1)
    ours = next(each for each in parts(shown(database)) if each.host != "Secret")
    with pytest.raises(NotFound):
        detail(database, ours.id, limited)
    with pytest.raises(NotFound):
        detail(database, 10**12)


EDITOR = Actor(2, "anna@example.org", Role.EDITOR)


def test_what_nobody_has_acknowledged_stands_first(database, outside, site):
    shell = add_service(database, site, "Shell")
    see(database, DOWN, site, at=NOW)
    see(database, DOWN, shell, at=NOW + HOUR)
    with database.write() as session:
        acknowledge(session, [2], actor=EDITOR, now=NOW + 2 * HOUR)
    view = shown(database, actor=EDITOR, at=NOW + 3 * HOUR)
    assert [(each.word, each.takes) for each in view.groups] == [
        ("needs attention", (1,)),
        ("acknowledged", ()),
    ]
    taken = view.groups[1].parts[0]
    at = (NOW + 2 * HOUR).isoformat()
    assert (taken.acknowledged_by, taken.acknowledged_at) == ("anna@example.org", at)
    assert shown(database).groups[0].takes == (), "a viewer acknowledges nothing"


def test_what_failed_together_on_a_host_is_one_entry(database, outside, iati, site):
    search, shell = [add_service(database, site, name) for name in ("Search", "Shell")]
    other = add_site(database, iati, "Portal")
    see(database, DOWN, site, other, at=NOW)
    see(database, DOWN, search, at=NOW + 20 * SECOND)
    see(database, DOWN, shell, at=NOW + HOUR)
    view = shown(database, at=NOW + 2 * HOUR)
    assert [(each.host, {part.service for part in each.parts}) for each in view.groups] == [
        ("Datastore", {"Shell"}),
        ("Datastore", {"Search", "Website"}),
        ("Portal", {"Website"}),
    ]


def test_the_address_limits_the_list(database, outside, iati, site):
    with database.write() as session:
        other = factories.namespace(session, "di", name="DI").id
    theirs = add_site(database, other, "Portal")
    see(database, DOWN, site, theirs, at=NOW)
    see(database, UP, site, at=NOW + HOUR)
    assert {each.host for each in shown(database).groups} == {"Datastore", "Portal"}
    assert [each.host for each in shown(database, only_open=True).groups] == ["Portal"]
    assert [each.host for each in shown(database, namespace="iati").groups] == ["Datastore"]
    host_id = next(each.host_id for each in shown(database).groups if each.host == "Portal")
    view = shown(database, host_id=host_id)
    assert ([each.host for each in view.groups], view.host) == (["Portal"], "Portal")
    linked = parts(shown(database))[-1]
    view = shown(database, only_open=True, incident_id=linked.id)
    assert linked.id in {each.id for each in parts(view)}, "it is shown where its link leads"
    assert shown(database, namespace="nothing").found == 0


def test_a_mute_is_shown_and_stands_in_the_timeline(database, outside, site):
    add_channel(database)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 4 * SECOND)
    until = NOW + HOUR
    with database.write() as session:
        wanted = {"reason": "new disks", "until_at": until, "actor": EDITOR, "now": NOW + MINUTE}
        mute_id = mute_service(session, site, **wanted).id
    why = "muted by anna@example.org: new disks"
    assert [each.muted for each in parts(shown(database, at=NOW + 2 * MINUTE))] == [why]
    found = detail(database, 1, EDITOR)
    assert found.mutes == (
        MuteView(mute_id, "Datastore / Website", why, until.isoformat(), can_end=True),
    )
    with database.write() as session:
        end_mute(session, mute_id, actor=EDITOR, now=NOW + 3 * MINUTE)
    assert [(each.what, each.who) for each in detail(database, 1).timeline] == [
        ("First failure", ""),
        ("Down, confirmed", ""),
        ("ops was sent: down", ""),
        ("Muted: new disks", "anna@example.org"),
        ("No longer muted", "anna@example.org"),
    ]
    assert detail(database, 1).mutes == ()


def test_who_gets_an_update_is_said_before_it_is_sent(database, outside, site):
    see(database, DOWN, site, at=NOW)
    assert detail(database, 1).reach == NOBODY
    add_channel(database, "late")
    assert detail(database, 1).reach == NOBODY
    see(database, UP, site, at=NOW + HOUR)
    add_channel(database, "x", kind="billboard")
    add_channel(database, "off", enabled=False)
    see(database, DOWN, site, at=NOW + 2 * HOUR)
    assert detail(database, 2).reach == "Goes to late, x (public)."
    with database.write() as session:
        session.get_one(Service, site).public = False
    assert detail(database, 2).reach == "Goes to late."
