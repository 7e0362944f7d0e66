"""What is past, going on and to come: for people who sign in, for anyone, and for the editor."""

import pytest
from sqlmodel import select

from tests import factories
from tests.clock import HOUR, NOW
from tests.downtimes import EDITOR, fields, plan
from tests.outbox import iati, site
from webmon.commands.downtimes import running
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import NotFound
from webmon.models import Downtime, Host, Service
from webmon.queries.downtimes.editor import downtime_fields, preview
from webmon.queries.downtimes.listing import applying_to, list_downtimes, occurrences_of, steps_of
from webmon.queries.downtimes.public import public_downtimes
from webmon.queries.downtimes.windows import schedule_of

__all__ = ["iati", "site"]

DAY = 24 * HOUR


def titles(views):
    return [each.title for each in views]


@pytest.fixture
def planned(database, site):
    plan(database, site, NOW - HOUR / 2, title="Now")
    plan(database, site, NOW - 3 * HOUR, title="Past")
    plan(database, site, NOW + 2 * DAY, title="Soon", message="Short breaks.")
    plan(database, site, NOW + 1.5 * DAY, title="Daily", rrule="FREQ=DAILY")
    return site


def test_past_now_and_next(database, planned):
    with database.read() as session:
        found = list_downtimes(session, actor=EDITOR, now=NOW)
        assert titles(found.now) == ["Now"]
        assert titles(found.next) == ["Daily", "Soon"]
        assert titles(found.past) == ["Past"]
        assert found.next[1].scope == "Datastore"
        assert (found.now[0].state, found.now[0].can_edit) == ("started", True)
        viewer = Actor(1, "v@example.org", Role.VIEWER, frozenset({99}))
        assert list_downtimes(session, actor=viewer, now=NOW).next == ()
        daily = found.next[0].downtime_id
        assert len(occurrences_of(session, daily, actor=EDITOR, now=NOW)) > 30
        # Time decides, whether a worker has noted it or not.
        later = list_downtimes(session, actor=None, now=NOW + HOUR)
        assert (titles(later.now), titles(later.past)) == ([], ["Now", "Past"])


def test_anyone_sees_what_is_public(database, planned):
    with database.read() as session:
        found = public_downtimes(session, now=NOW)
        assert [(each.title, each.state) for each in found] == [
            ("Past", "finished"), ("Now", "started"), ("Daily", "scheduled"), ("Soon", "scheduled"),
        ]  # fmt: skip
        assert (found[3].hosts, found[3].message) == (("Datastore",), "Short breaks.")
        assert titles(public_downtimes(session, now=NOW + 23 * HOUR)) == ["Now", "Daily", "Soon"]
    with database.write() as session:
        session.exec(select(Host)).one().public = False
    with database.read() as session:
        assert public_downtimes(session, now=NOW) == ()


def test_what_applies_to_a_service(database, planned):
    with database.read() as session:
        period = {"since": NOW - DAY, "until": NOW + 40 * HOUR, "actor": EDITOR, "now": NOW}
        assert titles(applying_to(session, [planned], **period)) == ["Past", "Now", "Daily"]
        assert applying_to(session, [99], **period) == ()


def test_what_was_called_off_is_past(database, planned):
    with database.write() as session:
        soon = list_downtimes(session, actor=EDITOR, now=NOW).next[1]
        running.cancel_occurrence(session, soon.id, actor=EDITOR, now=NOW)
    with database.read() as session:
        found = list_downtimes(session, actor=EDITOR, now=NOW)
        assert (found.past[0].title, found.past[0].state) == ("Soon", "cancelled")
        later = list_downtimes(session, actor=EDITOR, now=NOW + HOUR)
        assert titles(later.past) == ["Now", "Soon", "Past"]
        assert [each.step.value for each in steps_of(session, soon.id)] == ["cancelled"]
        assert titles(public_downtimes(session, now=NOW)) == ["Past", "Now", "Daily"]


def test_the_editor_shows_the_fields_as_they_were_given(database, site):
    with database.write() as session:
        channel = factories.channel(session, "ops").id
        beside = factories.service(
            session, "Other", host_id=session.get_one(Service, site).host_id
        ).id
        wanted = fields(
            session, site, NOW, rrule="FREQ=WEEKLY", channel_ids=[channel], service_ids=[beside],
            audience={"reminded": "page"}, silence_all=True, finish_when_up=3, message="So.",
            announce_before=[60], key="k", whole_namespace=False,
        )  # fmt: skip
    made = plan(database, site, NOW, **wanted)
    with database.read() as session:
        found = downtime_fields(session, made.id, actor=EDITOR)
        assert found == {**wanted, "revision": 0}
        with pytest.raises(NotFound):
            downtime_fields(session, 99, actor=EDITOR)


def test_the_preview_warns_of_odd_clocks_and_overlaps(database, site):
    made = plan(
        database, site, NOW, starts_at="2027-03-27T01:30", timezone="Europe/London",
        rrule="FREQ=DAILY;COUNT=3",
    )  # fmt: skip
    with database.read() as session:
        schedule = schedule_of(session.get_one(Downtime, made.id))
        options = {"reader_timezone": "America/New_York", "now": NOW}
        found = preview(session, schedule, [site], **options)
        assert [bool(each.odd) for each in found] == [False, True, False]
        assert found[0].there == "Sat 27 Mar 2027 01:30 – 02:30 GMT"
        assert found[0].here == "Fri 26 Mar 2027 21:30 – 22:30 EDT"
        assert found[1].there == "Sun 28 Mar 2027 02:30 – 03:30 BST"
        assert found[0].overlaps == ("Database upgrade",)
        assert preview(session, schedule, [site], but=made.id, **options)[0].overlaps == ()
