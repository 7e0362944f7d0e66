"""When a job is expected next, clock changes included, and what it can say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon.domain.checks.heartbeats import Plan, Signal, check_schedule, parse_signal

LONDON = ZoneInfo("Europe/London")
ZONES = [
    UTC,
    LONDON,
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),  # half an hour of summer time
    ZoneInfo("Africa/Cairo"),  # the clock goes forward at midnight
    ZoneInfo("Asia/Kathmandu"),
]
SCHEDULES = [
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 1 * * *",
    "15,45 1-2 * * *",
    "0 0 * * *",
    "0 2 * * 0",
    "*/20 0-3 * * *",
    "0 */2 * * *",
    "7 3 L * *",
    "@daily",
    "0 0 29 2 *",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def by_cron(schedule: str, timezone=LONDON, grace=30 * MINUTE) -> Plan:
    return Plan(grace=grace, schedule=schedule, timezone=timezone)


def test_with_every_the_next_one_follows_the_last() -> None:
    plan = Plan(grace=5 * MINUTE, every=10 * MINUTE)
    assert plan.next_after(NOW) == NOW + 10 * MINUTE
    assert plan.deadline(NOW) == NOW + 15 * MINUTE


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        # 2026-03-29 01:00 GMT: the clock goes to 02:00 BST.
        ("30 1 * * *", "2026-03-28T01:30", "2026-03-29T01:00"),  # skipped: right after the skip
        ("30 1 * * *", "2026-03-29T01:00", "2026-03-30T00:30"),
        ("0 2 * * *", "2026-03-28T02:10", "2026-03-29T01:00"),
        ("0 22 * * *", "2026-03-28T22:00", "2026-03-29T21:00"),
        ("0 * * * *", "2026-03-29T00:10", "2026-03-29T01:00"),
        ("*/30 * * * *", "2026-03-29T00:35", "2026-03-29T01:00"),
        # 2026-10-25 01:00 GMT: the clock goes from 02:00 BST back to 01:00.
        ("30 1 * * *", "2026-10-24T00:40", "2026-10-25T00:30"),  # struck twice: the first time
        ("30 1 * * *", "2026-10-25T00:40", "2026-10-26T01:30"),
        ("30 1 * * *", "2026-10-25T01:15", "2026-10-26T01:30"),
        ("0 2 * * *", "2026-10-24T01:10", "2026-10-25T02:00"),
        ("0 22 * * *", "2026-10-24T21:00", "2026-10-25T22:00"),
        ("0 * * * *", "2026-10-25T00:10", "2026-10-25T01:00"),  # hourly jobs run in both hours
        ("*/30 * * * *", "2026-10-25T01:05", "2026-10-25T01:30"),
    ],
)
def test_a_schedule_follows_the_clocks_of_its_timezone(
    schedule: str, after: str, expected: str
) -> None:
    assert by_cron(schedule).next_after(utc(after)) == utc(expected)


def test_grace_is_real_time_over_a_change_of_the_clock() -> None:
    plan = by_cron("30 0 * * *", grace=HOUR)
    assert plan.deadline(utc("2026-03-28T00:31")) == utc("2026-03-29T01:30")


def test_a_job_whose_clock_is_a_little_fast_is_not_expected_again_at_once() -> None:
    plan = by_cron("0 2 * * *", UTC)
    assert plan.next_after(utc("2026-11-23T01:59:55")) == utc("2026-11-24T02:00")
    assert plan.next_after(utc("2026-11-23T01:30:00")) == utc("2026-11-24T02:00")
    assert plan.next_after(utc("2026-11-23T01:29:59")) == utc("2026-11-23T02:00")
    assert plan.early(utc("2026-11-23T01:55")) == 5 * MINUTE
    assert plan.early(utc("2026-11-23T02:00")) is plan.early(utc("2026-11-23T02:10")) is None


def test_one_that_is_late_is_not_taken_for_an_early_one_of_the_next_time() -> None:
    hourly = by_cron("0 * * * *", UTC, grace=50 * MINUTE)
    assert hourly.next_after(utc("2026-11-23T02:45")) == utc("2026-11-23T03:00")
    assert hourly.next_after(utc("2026-11-23T02:54")) == utc("2026-11-23T04:00")
    strict = by_cron("0 2 * * *", UTC, grace=0 * MINUTE)
    assert strict.next_after(utc("2026-11-23T01:59:45")) == utc("2026-11-23T02:00")


def test_a_start_belongs_to_an_end_before_the_next_run_only() -> None:
    daily, often = by_cron("0 2 * * *", UTC), Plan(grace=MINUTE, every=10 * MINUTE)
    assert daily.belongs(utc("2026-11-23T02:00"), utc("2026-11-24T01:29"))
    assert not daily.belongs(utc("2026-11-23T02:00"), utc("2026-11-24T02:20"))
    assert often.belongs(NOW, NOW + 9 * MINUTE)
    assert not often.belongs(NOW, NOW + 10 * MINUTE)


INSTANTS = st.one_of(
    st.integers(0, 3 * 365 * 86_400).map(lambda s: utc("2026-01-01") + timedelta(seconds=s)),
    st.integers(-20_000, 20_000).map(lambda s: utc("2026-03-29T01:00") + timedelta(seconds=s)),
    st.integers(-20_000, 20_000).map(lambda s: utc("2026-10-25T01:00") + timedelta(seconds=s)),
)
PLANS = st.one_of(
    st.builds(by_cron, st.sampled_from(SCHEDULES), st.sampled_from(ZONES)),
    st.integers(1, 10**7).map(lambda s: Plan(grace=MINUTE, every=timedelta(seconds=s))),
)


@given(PLANS, INSTANTS)
def test_the_next_one_is_always_later(plan: Plan, at: datetime) -> None:
    assert plan.next_after(at) > at
    assert plan.next_after(at).tzinfo is UTC


@given(PLANS, INSTANTS, st.integers(0, 100_000))
def test_who_reports_later_is_not_expected_sooner(plan: Plan, at: datetime, seconds: int) -> None:
    assert plan.next_after(at) <= plan.next_after(at + seconds * SECOND)


@given(st.sampled_from(SCHEDULES), st.sampled_from(ZONES), INSTANTS)
def test_no_occurrence_is_left_out(schedule: str, zone, at: datetime) -> None:
    plan = by_cron(schedule, zone)
    following = plan.next_after(at)
    just_before = max(at, following - plan.tolerance(following) - SECOND)
    assert plan.next_after(just_before) == following


@pytest.mark.parametrize("schedule", [*SCHEDULES, "0 2 * * MON-FRI", "0 0 1,15 * *", "5 4 * * sun"])
def test_crontab_expressions_are_known(schedule: str) -> None:
    check_schedule(schedule)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("0 2 * *", "must have the five fields of a crontab"),
        ("0 0 2 * * *", "must have the five fields of a crontab"),
        ("@reboot", "must have the five fields of a crontab"),
        ("60 2 * * *", "is not a cron expression: bad minute"),
        ("0 2 * * 1#2/2", "is not a cron expression: bad day-of-week"),
        ("0 0 30 2 *", "is not a cron expression: bad day-of-month"),
        ("* * */20 * 1L", "never matches a date"),
        ("0 22-2 * * *", "runs backwards: write 22-23,0-2 for 22-2$"),
        ("0 8,20-2/3 * * *", "runs backwards: write 20,23,2 for 20-2/3$"),
        ("0 2 * * Fri-Sun", "runs backwards: write 5-6,0 for FRI-SUN$"),
        ("0 2 * * 7-1", "runs backwards: write 0-1 for 7-1$"),
        ("0 2 1 Nov-Mar *", "runs backwards: write 11-12,1-3 for NOV-MAR$"),
        ("0~59 2 * * *", "must not have a random time \\(0~59\\): write the number"),
        ("0 1,~ * * *", "must not have a random time \\(~\\)"),
        ("0 99-2 * * *", "is not a cron expression: bad hour"),
        ("0 9-9/0 * * *", "is not a cron expression: bad hour"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(schedule: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_schedule(schedule)


@pytest.mark.parametrize("hours", ["9-9/1", "9-9", "09-9/5", "9-9/1,9"])
def test_a_range_of_one_is_one_with_any_step(hours: str) -> None:
    plan = by_cron(f"0 {hours} * * *", UTC)
    assert plan.next_after(utc("2026-03-05 09:00")) == utc("2026-03-06 09:00")


def test_a_range_of_one_name_is_one_day() -> None:
    plan = by_cron("0 9 * * mon-1/1", UTC)
    assert plan.next_after(utc("2026-03-02 09:00")) == utc("2026-03-09 09:00")  # Mondays


@pytest.mark.parametrize("schedule", ["0 22-23,0-2 * * *", "0 2 * * 5-6,0", "0 2 1 11-12,1-3 *"])
def test_what_is_suggested_is_known(schedule: str) -> None:
    check_schedule(schedule)


@given(st.lists(st.text("0123456789*/,-#~LWSUNJA", max_size=6), min_size=5, max_size=5))
def test_any_five_fields_are_either_known_or_refused(fields: list[str]) -> None:
    schedule = " ".join(fields)
    try:
        check_schedule(schedule)
    except ValueError:
        return
    assert by_cron(schedule).next_after(NOW) > NOW


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("", Signal("success")),
        ("start", Signal("start")),
        ("fail", Signal("failure")),
        ("0", Signal("success", 0)),
        ("1", Signal("failure", 1)),
        ("255", Signal("failure", 255)),
        ("256", Signal("failure", 256)),
        ("3221225477", Signal("failure", 3221225477)),  # Windows: an access violation
        ("-1073741819", Signal("failure", -1073741819)),  # the same with a sign
        ("-0", None),
        ("--1", None),
        ("0000", None),
        ("²", None),
        ("٣", None),
        ("stop", None),
        ("START", None),
    ],
)
def test_signals(text: str, signal: Signal | None) -> None:
    assert parse_signal(text) == signal


@pytest.mark.parametrize("text", ["4294967296", "-2147483649", "9" * 3000])
def test_a_number_that_is_no_exit_status_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="an exit status is a number from -2147483648 to 42949672"):
        parse_signal(text)
