"""The calendar, as calendars read it: with `icalendar` and `vobject`, and against dateutil."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from icalendar import Calendar

from webmon.domain.downtimes.calendar import CalendarEntry, OtherTime, to_ics
from webmon.domain.downtimes.recurrence import Schedule
from webmon.domain.history.uptime import Period

LONDON = "Europe/London"
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=45)


def entry(
    start: str, rule: str = "", timezone: str = LONDON, length: timedelta = MINUTES, **more
) -> CalendarEntry:
    schedule = Schedule(datetime.fromisoformat(start), timezone, length, rule)
    common = {
        "uid": "u1@webmon", "title": "Upgrade, all; of it\nnow", "message": "Short.",
        "namespace": "iati", "hosts": ("Datastore",), "sequence": 3,
        "period": schedule.period(next(iter(schedule))), "changed_at": NOW,
    }  # fmt: skip
    return CalendarEntry(**common | more, schedule=schedule)


def ics(*entries: CalendarEntry) -> bytes:
    return to_ics(entries, name="IATI", url="https://status.example.org/", now=NOW)


def events(*entries: CalendarEntry) -> list:
    text = ics(*entries)
    next(vobject.readComponents(text.decode())).serialize()
    return Calendar.from_ical(text).events


CASES = {
    "weekly over both changes": ("2027-01-05T22:00", "FREQ=WEEKLY"),
    "daily over gap and fold": ("2027-03-20T01:30", "FREQ=DAILY"),
    "last Friday": ("2027-01-29T20:00", "FREQ=MONTHLY;BYDAY=-1FR"),
    "31st": ("2027-01-31T03:00", "FREQ=MONTHLY;BYMONTHDAY=31"),
    "three times": ("2027-03-27T01:30", "FREQ=DAILY;COUNT=3"),
    "until on the wall clock": ("2027-10-30T22:00", "FREQ=DAILY;UNTIL=20271102T220000"),
    "until in UTC": ("2027-03-27T22:00", "FREQ=DAILY;UNTIL=20270330T210000Z"),
    "a start that the rule leaves out": ("2027-01-06T22:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_series_is_what_the_wall_clock_and_dateutil_say(case):
    start, rule = CASES[case]
    made = entry(start, rule)
    [event] = events(made)
    begin, zone = event["dtstart"].dt, ZoneInfo(LONDON)
    # As RFC 5545 has it: the wall clock repeats, the end of the rule is an instant.
    told = event["rrule"].to_ical().decode()
    until = event["rrule"].get("until", [datetime.max.replace(tzinfo=UTC)])[0]
    naive = ";".join(part for part in told.split(";") if not part.startswith("UNTIL"))
    locals_ = rrulestr(naive, dtstart=begin.replace(tzinfo=None))
    read = []
    for local in locals_:
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if at > until or len(read) == 60:
            break
        read.append(at)
    assert read == made.schedule.following(datetime(2027, 1, 1, tzinfo=UTC), 60)
    assert event["duration"].dt == MINUTES


def test_a_day_is_24_hours_long_when_the_clocks_change():
    text = ics(entry("2027-03-27T22:00", "FREQ=DAILY", length=timedelta(days=1, seconds=90)))
    assert b"DURATION:PT24H1M30S" in text
    [event] = Calendar.from_ical(text).events
    assert event["duration"].dt == timedelta(days=1, seconds=90)


def test_the_timezone_comes_with_its_changes():
    there = entry("2027-01-05T22:00", "FREQ=WEEKLY")
    calendar = Calendar.from_ical(ics(there, entry("2027-01-05T22:00", timezone="UTC")))
    [zone] = calendar.timezones
    assert zone["tzid"] == LONDON and zone.standard and zone.daylight
    told = tzical(StringIO(zone.to_ical().decode())).get(LONDON)
    for change in (datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)):
        for minutes in (-90, -1, 0, 1, 90):
            at = change + timedelta(minutes=minutes)
            assert at.astimezone(told).utcoffset() == at.astimezone(ZoneInfo(LONDON)).utcoffset()
    assert calendar["refresh-interval"].dt == timedelta(hours=1)
    assert calendar["x-published-ttl"] == "PT1H"


def test_what_differs_is_told_by_its_place_in_the_series():
    slot = datetime(2027, 1, 12, 22, tzinfo=UTC)
    longer = Period(slot + timedelta(hours=1), slot + timedelta(hours=3))
    other = OtherTime(slot, longer, "Longer", "", False, 5, NOW)
    gone = OtherTime(slot + timedelta(days=7), Period(slot, slot), "Off", "", True, 4, NOW)
    skipped = slot + timedelta(days=14)
    main, moved, off = events(
        entry("2027-01-05T22:00", "FREQ=WEEKLY", others=(other, gone), skipped=(skipped,))
    )
    assert main["exdate"].dts[0].dt == skipped
    assert (moved["recurrence-id"].dt, moved["sequence"]) == (slot, 5)
    assert moved["dtstart"].dt == slot + timedelta(hours=1)
    assert moved["duration"].dt == timedelta(hours=2)
    assert (off["status"], main["status"]) == ("CANCELLED", "CONFIRMED")
    assert {each["uid"] for each in (main, moved, off)} == {"u1@webmon"}


def test_one_downtime_says_what_it_is():
    [event] = events(entry("2027-01-05T22:00", cancelled=True))
    assert "rrule" not in event and event["sequence"] == 3
    assert event["summary"] == "Upgrade, all; of it\nnow"
    assert event["description"] == "Short.\n\nAffected: Datastore"
    assert event["status"] == "CANCELLED"
    assert ics(entry("2027-01-05T22:00")) == ics(entry("2027-01-05T22:00")), "so a tag is of use"
