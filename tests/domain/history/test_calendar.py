"""Days and months as the clocks of a timezone have them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.domain.history.calendar import days, month

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("at", "timezone", "begin", "end"),
    [
        ("2026-11-23T10:00", "UTC", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("2026-12-31T23:59", "UTC", "2026-12-01T00:00", "2027-01-01T00:00"),
        # the clocks go back within the month
        ("2026-10-31T12:00", "Europe/London", "2026-09-30T23:00", "2026-11-01T00:00"),
        # and forward: March begins in winter time and ends in summer time
        ("2026-03-01T00:00", "Europe/London", "2026-03-01T00:00", "2026-03-31T23:00"),
        # the instant decides, not the date of UTC
        ("2026-07-31T23:30", "Europe/London", "2026-07-31T23:00", "2026-08-31T23:00"),
        ("2028-02-29T20:00", "Asia/Kathmandu", "2028-02-29T18:15", "2028-03-31T18:15"),
    ],
)
def test_a_month_begins_and_ends_at_local_midnight(
    at: str, timezone: str, begin: str, end: str
) -> None:
    found = month(_utc(at), ZoneInfo(timezone))
    assert found == (_utc(begin), _utc(end))


def test_days_on_which_the_clocks_change_have_23_or_25_hours() -> None:
    spring = days(_utc("2026-03-30T12:00"), 3, LONDON)
    autumn = days(_utc("2026-10-26T12:00"), 3, LONDON)
    assert [(end - begin) / HOUR for begin, end in spring] == [24, 23, 24]
    assert [(end - begin) / HOUR for begin, end in autumn] == [24, 25, 24]


def test_a_day_whose_midnight_is_skipped_begins_with_the_skip() -> None:
    (day,) = days(_utc("2022-03-27T12:00"), 1, ZoneInfo("Asia/Beirut"))
    assert day == (_utc("2022-03-26T22:00"), _utc("2022-03-27T21:00"))


@given(
    st.integers(631_152_000, 2_208_988_800).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.sampled_from(["UTC", "Europe/London", "America/New_York", "Pacific/Apia", "Africa/Cairo"]),
)
def test_days_follow_one_another_and_the_last_one_is_today(at: datetime, name: str) -> None:
    found = days(at, 5, ZoneInfo(name))
    assert len(found) == 5
    assert all(one.ended_at == other.began_at for one, other in pairwise(found))
    assert found[-1].began_at <= at < found[-1].ended_at
    whole = month(at, ZoneInfo(name))
    assert whole.began_at <= at < whole.ended_at


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
