"""`/status/calendar.ics` and `/status/feed.atom`, as those who subscribe fetch them."""

from datetime import timedelta
from xml.etree import ElementTree as XML

import httpx
import pytest
from icalendar import Calendar

from tests import factories
from tests.api.apps import fresh_app
from tests.downtimes import EDITOR, fields, local, occurrences, plan
from tests.outbox import iati, site
from webmon import config
from webmon.clock import utcnow
from webmon.commands.downtimes import edit, running
from webmon.queries.downtimes.calendar import (
    calendar_file,
    calendar_of,
    public_calendar,
    public_feed,
)

__all__ = ["iati", "site"]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ATOM = "{http://www.w3.org/2005/Atom}"
CALENDAR, FEED = "/status/calendar.ics", "/status/feed.atom"


@pytest.fixture
def client():
    transport = httpx.ASGITransport(app=fresh_app())
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def series(database, site, **changed):
    start = (utcnow() + DAY).replace(minute=0, second=0, microsecond=0)
    return plan(database, site, start, at=utcnow(), rrule="FREQ=DAILY;COUNT=5", **changed)


async def test_they_are_fetched_and_not_fetched_again(database, site, client):
    series(database, site)
    for path, kind in ((CALENDAR, "text/calendar"), (FEED, "application/atom+xml")):
        first = await client.get(path)
        assert first.status_code == 200 and first.headers["content-type"].startswith(kind)
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304 and not again.content
        assert (await client.get(f"{path}?namespace=iati")).status_code == 200
        assert (await client.get(f"{path}?namespace=nowhere")).status_code == 404
        assert (await client.head(path)).status_code == 200


async def test_every_step_is_in_the_calendar(database, site, client):
    made = series(database, site)
    times = occurrences(database, made.id)

    def told(now=None):
        with database.read() as session:
            [found] = public_calendar(session, now=now or utcnow())
            return found

    assert (told().skipped, told().others, told().sequence) == ((), (), 0)
    now = utcnow()
    with database.write() as session:
        running.skip_occurrence(session, made.id, times[0].slot_at, actor=EDITOR, now=now)
        edit.edit_occurrence(
            session, made.id, times[1].slot_at, starts_at=times[1].starts_at + HOUR,
            duration_seconds=60, title="Other", actor=EDITOR, now=now,
        )  # fmt: skip
        running.cancel_occurrence(session, times[2].id, actor=EDITOR, now=now)
    found = told()
    assert found.skipped == (times[0].slot_at,) and found.sequence > 0
    moved, cancelled = found.others
    assert (moved.slot_at, moved.title, moved.cancelled) == (times[1].slot_at, "Other", False)
    assert (cancelled.slot_at, cancelled.cancelled) == (times[2].slot_at, True)
    before = moved.sequence
    with database.write() as session:
        running.extend(session, times[1].id, 600, actor=EDITOR, now=now)
    assert told().others[0].sequence > before
    later = told(now + 31 * DAY)
    assert times[2].slot_at in later.skipped, "kept for 30 days, and left out then"
    with database.write() as session:
        running.cancel_downtime(session, made.id, actor=EDITOR, now=now)
    assert told().cancelled
    text = (await client.get(CALENDAR)).content
    assert {each["status"] for each in Calendar.from_ical(text).events} == {"CANCELLED"}
    with database.read() as session:
        assert public_calendar(session, now=now + 31 * DAY) == ()


def test_a_downtime_that_happens_once_keeps_its_name(database, site):
    start = utcnow() + DAY
    made = plan(database, site, start, at=utcnow())

    def told():
        with database.read() as session:
            found = calendar_of(session, made.id, now=utcnow())
            assert found is not None
            return found

    first = told()
    with database.write() as session:
        wanted = fields(session, site, start + DAY)
        edit.edit_downtime(session, made.id, wanted, actor=EDITOR, now=utcnow())
    second = told()
    assert second.uid == first.uid and second.sequence > first.sequence
    assert second.period.began_at == first.period.began_at + DAY
    [time] = occurrences(database, made.id)
    with database.write() as session:
        running.cancel_occurrence(session, time.id, actor=EDITOR, now=utcnow())
    assert told().cancelled and told().sequence > second.sequence
    with database.read() as session:
        text = calendar_file(session, made.id, url="https://x.example.org/", now=utcnow())
        assert text is not None
        [event] = Calendar.from_ical(text).events
        assert (event["uid"], event["status"]) == (first.uid, "CANCELLED")
        assert calendar_file(session, 99, url="", now=utcnow()) is None


async def test_the_feed_names_itself_and_its_page_at_the_own_address(database, client, monkeypatch):
    monkeypatch.setattr(config.settings(), "public_address", "http://status")
    links = {
        each.get("rel"): each.get("href")
        for each in XML.fromstring((await client.get(FEED)).content).iter(f"{ATOM}link")
    }
    assert links["self"] == "http://status/status/feed.atom"
    assert "http://status/status/" in links.values()


async def test_the_feed_has_one_entry_for_each_time(database, site, client):
    start = utcnow() + DAY
    made = plan(database, site, start, at=utcnow(), title="Upgrade & <more>")
    series(database, site, title="Daily", announce_before=[])

    async def entries():
        root = XML.fromstring((await client.get(FEED)).content)
        return {
            each.findtext(f"{ATOM}title"): (
                each.findtext(f"{ATOM}id"), each.findtext(f"{ATOM}updated"),
            )
            for each in root.iter(f"{ATOM}entry")
        }  # fmt: skip

    first = await entries()
    assert set(first) == {"Upgrade & <more>: planned", "Daily: planned"}
    with database.read() as session:
        now = start + timedelta(minutes=5)
        [going_on] = [e for e in public_feed(session, now=now) if e.title.startswith("Upgrade")]
        assert (going_on.state, going_on.changed_at) == ("started", start.replace(microsecond=0))
        assert going_on.key == first["Upgrade & <more>: planned"][0]
        assert public_feed(session, now=start + 40 * DAY) == ()
    [time] = occurrences(database, made.id)
    with database.write() as session:
        running.cancel_occurrence(session, time.id, actor=EDITOR, now=utcnow())
        factories.namespace(session, "di")
    with database.read() as session:
        [off] = [e for e in public_feed(session, now=utcnow()) if e.state == "cancelled"]
        assert off.key == going_on.key
        assert public_feed(session, namespace="di", now=utcnow()) == ()


def test_private_hosts_are_in_neither(database):
    with database.write() as session:
        host = factories.host(session, "Secret", public=False)
        service = factories.service(session, "Vault", host_id=host.id).id
    made = plan(database, service, utcnow() + DAY, at=utcnow())
    with database.read() as session:
        assert public_calendar(session, now=utcnow()) == public_feed(session, now=utcnow()) == ()
        told = calendar_of(session, made.id, now=utcnow())
        assert told is not None and told.hosts == ("Secret",), "for those who are told of it"
    assert local(utcnow())


async def test_readers_of_statuspage_see_it_too(database, site, client):
    start = utcnow() - timedelta(minutes=5)
    made = plan(database, site, start, at=utcnow(), title="Now", message="Short.")
    plan(database, site, utcnow() - 5 * HOUR, at=utcnow(), title="Over")
    page = (await client.get("/api/v2/scheduled-maintenances.json")).json()
    over, now = page["scheduled_maintenances"]
    assert (over["name"], over["status"], now["status"]) == ("Over", "completed", "in_progress")
    assert over["resolved_at"] == over["scheduled_until"] and now["resolved_at"] is None
    assert now["incident_updates"][0]["body"] == "Short."
    assert [each["name"] for each in now["components"]] == ["Datastore"]
    summary = (await client.get("/api/v2/summary.json?namespace=iati")).json()
    assert [each["id"] for each in summary["scheduled_maintenances"]] == [now["id"]]
    with database.write() as session:
        [time] = occurrences(database, made.id)
        running.extend(session, time.id, 600, actor=EDITOR, now=utcnow())
    fresh = httpx.AsyncClient(transport=httpx.ASGITransport(app=fresh_app()), base_url="http://t")
    page = (await fresh.get("/api/v2/summary.json")).json()
    assert page["scheduled_maintenances"][0]["id"] == now["id"], "the same one, with a later end"
