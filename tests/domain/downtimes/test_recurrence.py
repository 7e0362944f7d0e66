"""When a downtime occurs: equal to dateutil and the wall clock, each lasting its length."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from webmon.domain.downtimes.recurrence import (
    FOLD,
    GAP,
    Schedule,
    read_local,
    read_rule,
    rule_from,
    rule_until,
    what_is_odd,
)

LONDON = "Europe/London"
LENGTH = timedelta(minutes=45)


def schedule(starts: str, rule: str, timezone: str = LONDON) -> Schedule:
    starts_local = datetime.fromisoformat(starts)
    return Schedule(starts_local, timezone, LENGTH, read_rule(rule, starts_local))


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def wall(at: datetime, timezone: str = LONDON) -> datetime:
    return at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("starts", "rule"),
    [
        ("2027-01-04T22:00", "FREQ=WEEKLY"),
        ("2027-01-04T22:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"),
        ("2027-01-29T18:00", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("2027-01-31T22:00", "FREQ=MONTHLY;BYMONTHDAY=31"),
        ("2027-01-04T22:00", "FREQ=MONTHLY;BYDAY=1TU"),
        ("2027-03-26T22:00", "FREQ=DAILY;COUNT=3"),
        ("2027-03-26T22:00", "FREQ=DAILY;UNTIL=20270329T220000"),
        ("2027-03-26T22:00", "FREQ=DAILY;BYHOUR=6,22;COUNT=9"),
    ],
)
def test_the_wall_clock_shows_what_dateutil_says(starts, rule):
    said = islice(rrulestr(rule, dtstart=datetime.fromisoformat(starts)), 60)
    found = schedule(starts, rule)
    assert [wall(at) for at in islice(found, 60)] == list(said)
    assert all(end - begin == LENGTH for begin, end in map(found.period, islice(found, 60)))


def test_ten_at_night_stays_ten_at_night_over_both_changes():
    found = schedule("2027-01-04T22:00", "FREQ=WEEKLY").between(
        datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    )
    assert len(found) == 52
    assert {wall(at).time().isoformat() for at in found} == {"22:00:00"}
    assert {at.hour for at in found} == {21, 22}


def test_until_in_utc_is_that_instant():
    found = schedule("2027-03-26T22:00", "FREQ=DAILY;UNTIL=20270329T210000Z")
    assert [wall(at).day for at in found] == [26, 27, 28, 29]
    found = schedule("2027-03-26T22:00", "FREQ=DAILY;UNTIL=20270329T205959Z")
    assert [wall(at).day for at in found] == [26, 27, 28]


def test_half_past_one_in_a_gap_and_a_fold():
    gap = schedule("2027-03-27T01:30", "FREQ=DAILY;COUNT=3")
    assert [at.strftime("%d %H:%M") for at in gap] == ["27 01:30", "28 01:30", "29 00:30"]
    fold = schedule("2027-10-30T01:30", "FREQ=DAILY;COUNT=3")
    assert [at.strftime("%d %H:%M") for at in fold] == ["30 00:30", "31 00:30", "01 01:30"]
    assert what_is_odd(local(2027, 3, 28, 1, 30), LONDON) == GAP
    assert what_is_odd(local(2027, 10, 31, 1, 30), LONDON) == FOLD
    assert what_is_odd(local(2027, 10, 31, 3, 30), LONDON) == ""


def test_the_next_ones_from_an_instant_on():
    found = schedule("2027-01-04T22:00", "FREQ=DAILY")
    begin = datetime(2027, 2, 1, 22, 0, 1, tzinfo=UTC)
    assert [at.day for at in found.following(begin, 3)] == [2, 3, 4]
    once = Schedule(local(2027, 1, 4, 22), LONDON, LENGTH)
    assert once.following(begin, 3) == []


def test_a_series_is_cut_in_two():
    rule = read_rule("FREQ=DAILY;COUNT=5", local(2027, 1, 4, 22))
    first = Schedule(local(2027, 1, 4, 22), LONDON, LENGTH)
    assert rule_until(rule, next(iter(first))) == "FREQ=DAILY;UNTIL=20270104T220000Z"
    assert rule_from(rule, 2) == "FREQ=DAILY;COUNT=3"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("nonsense", "is not a recurrence rule"),
        ("FREQ=DAILY;BYDAY=XX", "is not a recurrence rule"),
        ("FREQ=DAILY;BYSECOND=1,2", "BYSECOND"),
        ("FREQ=SECONDLY", "must have FREQ"),
        ("INTERVAL=2", "must have FREQ"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;BYEASTER=1", "not known"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20280101", "both"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20271399", "is not a recurrence rule"),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "never occurs"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "never occurs"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40", "24 times a day"),
        ("FREQ=DAILY;BYMONTHDAY=" + "1," * 400 + "1", "characters"),
    ],
)
def test_a_bad_rule_is_refused(rule, what):
    with pytest.raises(ValueError, match=what):
        read_rule(rule, local(2027, 1, 4, 22))


def test_a_local_time_is_read():
    assert read_local("2027-01-04T22:00", LONDON) == local(2027, 1, 4, 22)
    assert read_local("2027-07-04T21:00Z", LONDON) == local(2027, 7, 4, 22)
    for text in ("", "tomorrow", "0001-01-01T00:00", "9999-12-31T23:59-12:00"):
        with pytest.raises(ValueError, match="must"):
            read_local(text, LONDON)
