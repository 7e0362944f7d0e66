"""While planned downtime lasts, the quiet channels hear nothing of what is in its scope."""

from sqlmodel import select

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.downtimes import EDITOR, pass_time, plan
from tests.outbox import add_channel, add_service, add_site, iati, outbox, site
from tests.outside import ALL_EVENTS, deliver, outside, see
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages import headline, post
from webmon.models import Incident, Service
from webmon.queries.notifications.incident_detail import incident_detail

__all__ = ["iati", "outside", "site"]

UP, DOWN, DEGRADED = Status.UP, Status.DOWN, Status.DEGRADED
WHY = "planned downtime: Database upgrade"
TOLD_DOWN, TOLD_UP = "down Datastore.Website", "up Datastore.Website"
END = NOW + HOUR
QUIET = {"events": [event for event in ALL_EVENTS if event != "downtime"]}


def quiet_channel(database, **fields):
    return add_channel(database, "x", kind="billboard", **(QUIET | fields))


def test_ups_and_downs_are_stored_and_not_told(database, outside, site):
    quiet_channel(database)
    add_channel(database, **QUIET)
    plan(database, site, NOW)
    see(database, DOWN, site, at=NOW + MINUTE)
    pass_time(database, NOW + MINUTE)
    see(database, UP, site, at=NOW + 3 * MINUTE)
    pass_time(database, NOW + 3 * MINUTE, END, END + MINUTE)
    assert outside.told("x") == []
    assert ("down", "suppressed", WHY) in outbox(database)
    assert outside.told() == [TOLD_DOWN, TOLD_UP]
    assert headline(outside.messages()[0]) == "DOWN: Datastore – Website (planned downtime)"


def test_the_incident_shows_what_was_not_sent_and_why(database, outside, site):
    quiet_channel(database)
    plan(database, site, NOW)
    see(database, DOWN, site, at=NOW + MINUTE)
    with database.read() as session:
        incident = session.exec(select(Incident)).one()
        found = incident_detail(session, incident.id, actor=EDITOR)
    assert f"x was not sent: down ({WHY})" in [each.what for each in found.timeline]


def test_by_choice_no_channel_hears_of_it(database, outside, site):
    add_channel(database, **QUIET)
    plan(database, site, NOW, silence_all=True)
    see(database, DOWN, site, at=NOW + MINUTE)
    pass_time(database, NOW + MINUTE)
    assert outside.told() == []


def test_what_is_still_down_at_the_end_is_told_then(database, outside, site):
    quiet_channel(database)
    plan(database, site, NOW)
    see(database, DOWN, site, at=NOW + MINUTE)
    pass_time(database, NOW + MINUTE, END - SECOND)
    assert outside.told("x") == []
    pass_time(database, END)
    assert outside.told("x") == [TOLD_DOWN]
    told = outside.messages("x")[0]
    assert headline(told).startswith("STILL DOWN AFTER PLANNED DOWNTIME: Datastore – Website")
    assert "is still down after planned downtime" in post(told)
    see(database, UP, site, at=END + MINUTE)
    pass_time(database, END + 2 * MINUTE)
    assert outside.told("x") == [TOLD_DOWN, TOLD_UP]


def test_the_end_is_not_held_up_by_other_news_of_the_host(database, outside, site):
    quiet_channel(database)
    beside = add_service(database, site, "Database")
    plan(database, site, NOW, host_ids=[], service_ids=[site])
    see(database, DOWN, site, at=NOW + MINUTE)
    see(database, DOWN, beside, at=END - 10 * SECOND)
    pass_time(database, END - 10 * SECOND, END + SECOND)
    assert outside.told("x") == ["down Datastore.Database", TOLD_DOWN]


def test_what_was_down_before_is_the_same_incident_and_not_told_again(database, outside, site):
    quiet_channel(database, reminder_every_seconds=1800)
    see(database, DOWN, site, at=NOW - 5 * MINUTE)
    deliver(database, at=NOW - 4 * MINUTE)
    plan(database, site, NOW)
    for minute in range(0, 60, 10):
        see(database, DOWN, site, at=NOW + minute * MINUTE)
        pass_time(database, NOW + minute * MINUTE)
    assert outside.told("x") == [TOLD_DOWN]  # no reminder either
    pass_time(database, END, END + 20 * SECOND, END + MINUTE)
    assert outside.told("x") == [TOLD_DOWN, "reminder Datastore.Website"]
    with database.read() as session:
        assert len(session.exec(select(Incident)).all()) == 1


def test_a_recovery_inside_of_what_was_told_before_is_told_at_the_end(database, outside, site):
    quiet_channel(database)
    see(database, DOWN, site, at=NOW - 5 * MINUTE)
    deliver(database, at=NOW - 4 * MINUTE)
    plan(database, site, NOW)
    see(database, UP, site, at=NOW + 5 * MINUTE)
    pass_time(database, NOW + 5 * MINUTE)
    assert outside.told("x") == [TOLD_DOWN]
    pass_time(database, END, END + MINUTE)
    assert outside.told("x") == [TOLD_DOWN, TOLD_UP]
    assert headline(outside.messages("x")[1]) == "UP: Datastore – Website (down for 5 min)"


def test_back_and_gone_again_inside_is_told_at_the_end_once(database, outside, site):
    quiet_channel(database)
    see(database, DOWN, site, at=NOW - 5 * MINUTE)
    deliver(database, at=NOW - 4 * MINUTE)
    plan(database, site, NOW)
    see(database, UP, site, at=NOW + 5 * MINUTE)
    see(database, DOWN, site, at=NOW + 6 * MINUTE)
    pass_time(database, NOW + 6 * MINUTE, END, END + MINUTE)
    assert outside.told("x") == [TOLD_DOWN, TOLD_DOWN]
    see(database, UP, site, at=END + 2 * MINUTE)
    pass_time(database, END + 3 * MINUTE)
    assert outside.told("x") == [TOLD_DOWN, TOLD_DOWN, TOLD_UP]


def test_difficulties_inside_and_after(database, outside, site):
    quiet_channel(database)
    see(database, DOWN, site, at=NOW - 5 * MINUTE)
    deliver(database, at=NOW - 4 * MINUTE)
    plan(database, site, NOW)
    see(database, DEGRADED, site, at=NOW + 5 * MINUTE)
    pass_time(database, NOW + 5 * MINUTE, END)
    assert outside.told("x") == [TOLD_DOWN, TOLD_UP]
    assert "no longer down, but has difficulties" in post(outside.messages("x")[1])


def test_what_waits_to_be_sent_when_it_begins_is_held_back(database, outside, site):
    quiet_channel(database)
    plan(database, site, NOW)
    see(database, DOWN, site, at=NOW - SECOND)
    plan(database, site, NOW, title="Again")
    pass_time(database, NOW)
    assert outside.told("x") == []
    pass_time(database, END)
    assert outside.told("x") == [TOLD_DOWN]


def test_what_is_outside_the_scope_is_told(database, outside, iati, site):
    quiet_channel(database)
    beside = add_service(database, site, "Database")
    elsewhere = add_site(database, iati, "Registry")
    with database.read() as session:
        namespace = session.get_one(Service, site)
        assert namespace is not None
    plan(database, site, NOW, host_ids=[], service_ids=[site])
    see(database, DOWN, site, beside, elsewhere, at=NOW + MINUTE)
    pass_time(database, NOW + MINUTE)
    assert sorted(outside.told("x")) == ["down Datastore.Database", "down Registry.Website"]


def test_silence_begins_and_ends_with_the_clock_not_with_the_worker(database, outside, site):
    quiet_channel(database)
    plan(database, site, NOW + HOUR)
    see(database, DOWN, site, at=NOW + HOUR + SECOND)
    see(database, UP, site, at=NOW + HOUR + 2 * SECOND)
    see(database, DOWN, site, at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 2 * HOUR + MINUTE)
    assert outside.told("x") == [TOLD_DOWN]


def test_overlapping_windows_keep_quiet_until_the_last_ends(database, outside, site):
    quiet_channel(database)
    plan(database, site, NOW)
    plan(database, site, NOW + 30 * MINUTE)
    see(database, DOWN, site, at=NOW + MINUTE)
    pass_time(database, END, END + 10 * MINUTE)
    assert outside.told("x") == []
    pass_time(database, NOW + 90 * MINUTE)
    assert outside.told("x") == [TOLD_DOWN]
