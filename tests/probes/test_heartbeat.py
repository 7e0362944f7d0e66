"""What a heartbeat's settings may be, and what reports mean as time goes by."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon import probes
from webmon.clock import utcnow
from webmon.domain.checks.heartbeats import Reports
from webmon.domain.checks.status import Status
from webmon.probes.base import Target
from webmon.probes.heartbeat import HeartbeatConfig, judge

DAY = timedelta(days=1)
TEN = HeartbeatConfig(every="10m", grace="5m").plan
NIGHTLY = HeartbeatConfig(schedule="0 2 * * *", grace="30m", timezone="Europe/Paris").plan
NIGHT = NOW + 15 * HOUR
NOTHING = Reports(expected_from=NOW - DAY)
REPORTED = replace(NOTHING, last_at=NOW)
FAILED = replace(REPORTED, failed=True)


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        ({}, "schedule", "is required where “every” is not given"),
        ({"every": " "}, "schedule", "is required where “every” is not given"),
        ({"every": "1h", "schedule": "0 * * * *"}, "schedule", "cannot be used beside “every”"),
        ({"every": "soon"}, "every", "is not a duration"),
        ({"every": 10}, "every", "is not a duration"),
        ({"every": "500ms"}, "every", "must be at least 1s"),
        ({"every": "367d"}, "every", "must be at most 366d"),
        ({"every": "9" * 400 + "d"}, "every", "must be at most 366d"),
        ({"schedule": "0 2 * *"}, "schedule", "must have the five fields"),
        ({"schedule": "0 2 * * * " * 30}, "schedule", "at most 200 characters"),
        ({"every": "1h", "grace": "-1m"}, "grace", "is not a duration"),
        ({"every": "1h", "timezone": "Paris"}, "timezone", "must be the name of a timezone"),
        ({"every": "1h", "timezone": "../etc/passwd"}, "timezone", "must be the name"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(settings, field, reason) -> None:
    with pytest.raises(ValidationError, match=reason) as refusal:
        HeartbeatConfig.model_validate(settings)
    assert [error["loc"] for error in refusal.value.errors()] == [(field,)]


def test_an_empty_field_of_a_form_is_as_good_as_none() -> None:
    config = HeartbeatConfig.model_validate({"every": "", "schedule": " 0  2 * * * "})
    assert (config.every, config.schedule, config.grace) == (None, "0 2 * * *", "5m")


def test_every_field_says_what_it_is() -> None:
    assert all(field.title for field in HeartbeatConfig.model_fields.values())


@pytest.mark.parametrize(
    ("plan", "reports", "later", "status", "message"),
    [
        (TEN, NOTHING, DAY, "unknown", "no heartbeat received yet"),
        (
            TEN,
            REPORTED,
            14 * MINUTE,
            "up",
            "last heartbeat at 10:00 UTC; the next is due by 10:15 UTC",
        ),
        (
            TEN,
            replace(REPORTED, run_seconds=125.2),
            MINUTE,
            "up",
            "last heartbeat at 10:00 UTC, after running 2 min 5 s; the next is due by 10:15 UTC",
        ),
        (
            NIGHTLY,
            REPORTED,
            MINUTE,
            "up",
            "last heartbeat at 11:00 CET; the next is due by 24 Nov 02:30 CET",
        ),
        (
            NIGHTLY,
            replace(REPORTED, last_at=NIGHT - 5 * MINUTE),
            NIGHT - NOW,
            "up",
            "last heartbeat at 01:55 CET, 5 min before its time; the next is due by "
            "25 Nov 02:30 CET",
        ),
        (
            TEN,
            REPORTED,
            15 * MINUTE,
            "down",
            "no heartbeat since 10:00 UTC (15 min ago); it was due by 10:15 UTC",
        ),
        (
            NIGHTLY,
            REPORTED,
            40 * DAY,
            "down",
            "no heartbeat since 23 Nov 2026 11:00 CET (40 d ago); it was due by "
            "24 Nov 2026 02:30 CET",
        ),
        (
            TEN,
            replace(REPORTED, started_at=NOW + 10 * MINUTE),
            50 * MINUTE + 20 * SECOND,
            "down",
            "started 40 min 20 s ago and has not finished; it was due by 10:15 UTC",
        ),
        (
            TEN,
            replace(NOTHING, expected_from=NOW, started_at=NOW),
            3 * MINUTE,
            "unknown",
            "started 3 min ago and has not finished; a heartbeat is due by 10:15 UTC",
        ),
        (
            TEN,
            replace(NOTHING, expected_from=NOW, started_at=NOW + 10 * MINUTE),
            15 * MINUTE,
            "down",
            "started 5 min ago and has not finished; it was due by 10:15 UTC",
        ),
        (TEN, FAILED, MINUTE, "down", "the job reported a failure at 10:00 UTC"),
        (
            TEN,
            replace(FAILED, exit_status=3),
            MINUTE,
            "down",
            "the job ended with exit status 3 at 10:00 UTC",
        ),
        (
            TEN,
            FAILED,
            3 * HOUR + 5 * MINUTE + 7 * SECOND,
            "down",
            "no heartbeat since 10:00 UTC (3 h 5 min ago); it was due by 10:15 UTC",
        ),
    ],
)
def test_what_reports_mean(plan, reports, later, status, message) -> None:
    outcome = judge(plan, reports, now=NOW + later)
    assert (outcome.status, outcome.message) == (status, message)


@pytest.mark.parametrize(
    ("reports", "later", "status", "next_later"),
    [
        (REPORTED, HOUR + 10 * MINUTE, "unknown", HOUR + 15 * MINUTE),
        (REPORTED, HOUR + 15 * MINUTE, "down", None),
        (FAILED, HOUR, "unknown", HOUR + 15 * MINUTE),
    ],
)
def test_after_a_resumption_the_next_heartbeat_has_the_whole_time(
    reports, later, status, next_later
) -> None:
    outcome = judge(TEN, replace(reports, expected_from=NOW + HOUR), now=NOW + later)
    assert outcome.status == status
    assert outcome.next_at == (next_later and NOW + next_later)


def test_a_success_that_is_in_time_still_counts_after_a_resumption() -> None:
    reports = replace(REPORTED, expected_from=NOW + MINUTE)
    assert judge(TEN, reports, now=NOW + 2 * MINUTE).status is Status.UP


def test_failures_and_silence_are_certain_and_only_standing_reports_are_repeated() -> None:
    up, failed = (judge(TEN, each, now=NOW + MINUTE) for each in (REPORTED, FAILED))
    overdue = judge(TEN, REPORTED, now=NOW + HOUR)
    assert (up.certain, failed.certain, overdue.certain) == (False, True, True)
    assert (up.repeated, failed.repeated, overdue.repeated) == (True, True, False)
    assert up.next_at == failed.next_at == NOW + 15 * MINUTE


def test_the_evidence_is_what_was_reported_and_when_the_next_is_due() -> None:
    reports = replace(FAILED, exit_status=1, run_seconds=61.23456, body="disk full\n")
    assert judge(TEN, reports, now=NOW).evidence == {
        "last_heartbeat_at": "2026-11-23T10:00:00Z",
        "run_seconds": 61.235,
        "exit_status": 1,
        "body": "disk full\n",
        "due_by": "2026-11-23T10:15:00Z",
    }


async def test_the_probe_judges_at_the_present_moment() -> None:
    kind, config = probes.PROBES["heartbeat"], HeartbeatConfig(every="10m")
    assert kind.receives
    late = replace(NOTHING, last_at=utcnow() - HOUR)
    outcome = await probes.run(kind, config, Target("", heartbeat=late), timeout=1)
    assert outcome.status is Status.DOWN
    outcome = await probes.run(kind, config, Target(""), timeout=1)
    assert (outcome.status, outcome.message) == (Status.UNKNOWN, "no heartbeat received yet")
