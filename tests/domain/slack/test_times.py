"""Times in Slack: the right instant or a refusal, never a guess."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.domain.slack.times import DAYS, parse_length, parse_when

LONDON, AUCKLAND = ZoneInfo("Europe/London"), ZoneInfo("Pacific/Auckland")
NOW = datetime(2026, 11, 30, 15, 6, tzinfo=UTC)
"""A Monday."""

MOMENTS = st.integers(1_704_067_200, 2_051_222_400).map(lambda at: datetime.fromtimestamp(at, UTC))


def london(text: str, now: datetime = NOW) -> str:
    return f"{parse_when(text, now=now, timezone=LONDON).astimezone(LONDON):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("tomorrow 22:00", "2026-12-01 22:00"),
        ("Tomorrow  22:00", "2026-12-01 22:00"),
        ("today 15:07", "2026-11-30 15:07"),
        ("14:00", "2026-12-01 14:00"),
        ("16:00", "2026-11-30 16:00"),
        ("9:30", "2026-12-01 09:30"),
        ("friday 9:30", "2026-12-04 09:30"),
        ("fri 9:30", "2026-12-04 09:30"),
        ("monday 15:00", "2026-12-07 15:00"),
        ("monday 15:30", "2026-11-30 15:30"),
        ("sunday 00:00", "2026-12-06 00:00"),
        ("2026-12-01 22:00", "2026-12-01 22:00"),
        ("2026-12-01T22:00", "2026-12-01 22:00"),
        ("2027-02-28 23:59", "2027-02-28 23:59"),
        ("now", "2026-11-30 15:06"),
    ],
)
def test_what_is_known_means_one_instant(text: str, at: str) -> None:
    assert london(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorow 22:00", "morgen 22:00", "next friday 9:30", "last friday 9:30"),
        *("tomorrow", "friday", "22", "10pm", "10:00 pm", "22.00", "22:0", "24:00", "12:60"),
        *("today 15:06", "today 3:00", "2026-11-29 10:00", "2026-11-31 10:00", "2026-02-30 10:00"),
        *(
            "2028-01-01 10:00",
            "01/12/2026 22:00",
            "1 Dec 22:00",
            "in 2 hours",
            "noon",
            "someday 9:30",
        ),
        *("tomorrow 22:00 UTC", "tomorrow at 22:00", "22:00 tomorrow", "٢٢:٠٠", "-1:00", "１４:00"),
        *("tomorrow 22:00:30", "2026-12-1 22:00", "20261201 22:00", "x" * 500, "someday 9:30"),
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_when(text, now=NOW, timezone=LONDON)


@pytest.mark.parametrize(
    ("text", "why"),
    [("2027-03-28 01:30", "put forward"), ("2026-10-25 01:30", "twice")],
)
def test_a_time_that_clocks_skip_or_repeat_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_when(text, now=datetime(2026, 10, 1, tzinfo=UTC), timezone=LONDON)


@given(
    ahead=st.integers(1, 364 * 24 * 60),
    now=MOMENTS,
    zone=st.sampled_from([LONDON, AUCKLAND, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")]),
)
def test_a_date_and_time_is_read_as_it_was_written_or_refused(
    ahead: int, now: datetime, zone: ZoneInfo
) -> None:
    at = (now + timedelta(minutes=ahead)).replace(second=0, microsecond=0)
    text = f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    try:
        found = parse_when(text, now=now, timezone=zone)
    except ValueError as error:
        assert "clocks" in str(error) or "passed" in str(error)
    else:
        assert found == at


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    day=st.sampled_from([None, "tomorrow", *DAYS]),
    now=MOMENTS,
)
def test_what_is_found_is_the_next_such_time(
    hour: int, minute: int, day: str | None, now: datetime
) -> None:
    text = f"{day} {hour}:{minute:02}" if day else f"{hour}:{minute:02}"
    try:
        found = parse_when(text, now=now, timezone=AUCKLAND).astimezone(AUCKLAND)
    except ValueError as error:
        assert "clocks" in str(error)
        return
    assert (found.hour, found.minute) == (hour, minute)
    assert found > now
    assert found - now <= timedelta(days=8, hours=1)
    if day in DAYS:
        assert DAYS[found.weekday()] == day


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        found = parse_when(text, now=NOW, timezone=LONDON)
    except ValueError:
        return
    assert found >= NOW


@pytest.mark.parametrize(
    ("text", "minutes"), [("45m", 45), ("2h", 120), ("1h30m", 90), ("1d", 1440), ("1D2H3M", 1563)]
)
def test_lengths(text: str, minutes: int) -> None:
    assert parse_length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "45", "m", "1.5h", "-1h", "32d", "30m1h", "an hour"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_length(text)
