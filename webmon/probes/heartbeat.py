"""The `heartbeat` kind: a job that reports in. Nothing is looked at but what it has reported."""

from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from webmon import clock
from webmon.domain.checks.heartbeats import LISTEN_EVERY, Plan, Reports, check_schedule
from webmon.domain.checks.status import Status
from webmon.domain.durations import in_words, parse_duration
from webmon.domain.timezones import read_timezone
from webmon.probes.base import Outcome, ProbeConfig, Target, down, unknown

LONGEST = 366 * 24 * 3600

TIMER_SLACK = timedelta(seconds=0.5)
"""A check may come a little before its instant; it then speaks for that instant."""

NOTED_WITHIN = 5 * LISTEN_EVERY
"""A process that receives heartbeats has said so by then."""


def _checked_duration(value: str) -> str:
    if not parse_duration(value) <= LONGEST:
        raise ValueError("must be at most 366d")
    return value


def _checked_period(value: str | None) -> str | None:
    if value is not None and parse_duration(_checked_duration(value)) < 1:
        raise ValueError("must be at least 1s")
    return value


def _trimmed(value: Any) -> Any:
    """A text with single spaces; a number as YAML may have it, so that the error says how."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return " ".join(value.split()) if isinstance(value, str) else value


def _trimmed_or_none(value: Any) -> Any:
    return _trimmed(value) or None


class HeartbeatConfig(ProbeConfig):
    """How often a job reports in: exactly one of ``every`` and ``schedule``."""

    every: Annotated[
        str | None, AfterValidator(_checked_period), BeforeValidator(_trimmed_or_none)
    ] = Field(
        default=None,
        title="Every",
        description="How often the job reports, such as 10m, 4h, 1d; or give a schedule",
    )
    schedule: Annotated[str | None, BeforeValidator(_trimmed_or_none)] = Field(
        default=None,
        title="Schedule (cron)",
        description="As in the crontab, such as 0 2 * * *",
        max_length=200,
        validate_default=True,
    )
    timezone: Annotated[str, AfterValidator(read_timezone), BeforeValidator(_trimmed)] = Field(
        default="UTC", title="Timezone", description="Of the schedule, such as Europe/London"
    )
    grace: Annotated[str, AfterValidator(_checked_duration), BeforeValidator(_trimmed)] = Field(
        default="5m", title="Grace", description="Allowed delay, such as 30m"
    )

    @field_validator("schedule")
    @classmethod
    def _is_one_of_two(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            check_schedule(value)
        if "every" in info.data:  # else that is what is wrong
            given = info.data["every"], value
            if given == (None, None):
                raise ValueError("is required where “every” is not given")
            if None not in given:
                raise ValueError("cannot be used beside “every”")
        return value

    @property
    def needs_address(self) -> bool:
        """See `ProbeConfig.needs_address`."""
        return False

    @cached_property
    def plan(self) -> Plan:
        """When heartbeats are expected."""
        return Plan(
            grace=timedelta(seconds=parse_duration(self.grace)),
            every=timedelta(seconds=parse_duration(self.every)) if self.every else None,
            schedule=self.schedule or "",
            timezone=ZoneInfo(self.timezone),
        )


async def probe_heartbeat(
    config: HeartbeatConfig,
    target: Target,
    timeout: float,  # noqa: ARG001 -- every probe takes it
) -> Outcome:
    """Judge what the job has reported so far, at this moment."""
    if target.heartbeat is None:
        return unknown("no heartbeat received yet")
    return judge(config.plan, target.heartbeat, now=clock.utcnow() + TIMER_SLACK)


def judge(plan: Plan, reports: Reports, *, now: datetime) -> Outcome:
    """What the job's reports mean at ``now``; ``next_at`` is when that may change.

    1. Nothing was ever reported: unknown.
    2. The last report still stands, because the next one is not overdue: up, or down where it
       told of a failure.
    3. The service was resumed, its plan changed, or the monitor could not listen, since the last
       report: the next one has the whole time that the plan gives.
    4. Nobody has listened until its time was over: unknown.
    5. Overdue: down, at once; the grace was the confirmation.
    """
    anchor = reports.last_at or (reports.expected_from if reports.started_at else None)
    if anchor is None:
        return unknown("no heartbeat received yet")
    due_by, evidence = plan.deadline(anchor), _evidence(reports)
    over_at = due_by
    if now < due_by and reports.last_at and not reports.failed:
        return _standing(plan, reports, due_by, evidence, now)
    if anchor <= reports.expected_from:
        over_at = plan.deadline(reports.expected_from)
        if now < over_at:
            said = _failure(plan, reports, now) if reports.failed else _silence(plan, reports, now)
            awaited = f"; a heartbeat is due by {_moment(over_at, plan.timezone, now)}"
            return unknown(said + awaited, evidence=evidence, next_at=over_at)
    if now < due_by:
        return _standing(plan, reports, due_by, evidence, now)
    overdue = f"{_silence(plan, reports, now)}; it was due by {_moment(due_by, plan.timezone, now)}"
    evidence["due_by"] = _iso(due_by)
    if reports.listened_until is not None and reports.listened_until < over_at:
        return _unheard(plan, reports.listened_until, overdue, now)
    return down(overdue, evidence=evidence, certain=True)


def _unheard(plan: Plan, listened_until: datetime, overdue: str, now: datetime) -> Outcome:
    """Overdue, but not yet known to have been listened for until its time was over."""
    if now - listened_until < NOTED_WITHIN:
        return unknown(overdue, next_at=now + LISTEN_EVERY)
    since = _moment(listened_until, plan.timezone, now)
    return unknown(f"no heartbeat can be received: no web process has run since {since}")


def _standing(
    plan: Plan, reports: Reports, due_by: datetime, evidence: dict[str, Any], now: datetime
) -> Outcome:
    """The outcome that the last report stands for."""
    evidence["due_by"] = _iso(due_by)
    if reports.failed:
        message = _failure(plan, reports, now)
        return down(message, evidence=evidence, certain=True, next_at=due_by, repeated=True)
    assert reports.last_at is not None
    at, run = _moment(reports.last_at, plan.timezone, now), reports.run_seconds
    took = "less than 1 s" if run is not None and run < 1 else in_words(run or 0)
    after = "" if run is None else f", after running {took}"
    early = plan.early(reports.last_at)
    if early:
        after += f", {in_words(early.total_seconds())} before its time"
    return Outcome(
        Status.UP,
        f"last heartbeat at {at}{after}; the next is due by {_moment(due_by, plan.timezone, now)}",
        response_us=None if run is None else round(run * 1_000_000),
        evidence=evidence,
        next_at=due_by,
        repeated=True,
    )


def _failure(plan: Plan, reports: Reports, now: datetime) -> str:
    assert reports.last_at is not None
    what = "reported a failure"
    if reports.exit_status is not None:
        what = f"ended with exit status {reports.exit_status}"
    return f"the job {what} at {_moment(reports.last_at, plan.timezone, now)}"


def _silence(plan: Plan, reports: Reports, now: datetime) -> str:
    """For how long the job has not reported."""
    if reports.started_at is not None:
        return f"started {_ago(reports.started_at, now)} and has not finished"
    assert reports.last_at is not None
    since = _moment(reports.last_at, plan.timezone, now)
    return f"no heartbeat since {since} ({_ago(reports.last_at, now)})"


def _evidence(reports: Reports) -> dict[str, Any]:
    facts = {
        "last_heartbeat_at": _iso(reports.last_at),
        "started_at": _iso(reports.started_at),
        "run_seconds": None if reports.run_seconds is None else round(reports.run_seconds, 3),
        "exit_status": reports.exit_status,
        "body": reports.body or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _ago(at: datetime, now: datetime) -> str:
    seconds = max(0.0, (now - at).total_seconds())
    if seconds >= 3600:
        seconds -= seconds % 60
    return f"{in_words(seconds)} ago"


def _moment(at: datetime, timezone: tzinfo, now: datetime) -> str:
    """``at`` as a clock shows it there, with the date where it is not today's."""
    local, today = at.astimezone(timezone), now.astimezone(timezone)
    date = "" if local.date() == today.date() else f"{local.day} {local:%b} "
    if local.year != today.year:
        date = f"{local.day} {local:%b %Y} "
    return f"{date}{local:%H:%M} {local.tzname()}"
