"""Claim the checks that are due, and record what they found: the two ends of the straight line.

There is one `record`: everything learnt about a service enters there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlmodel import Session

from webmon.commands.checks import results
from webmon.commands.checks.claims import LEASE, OVER_SSH, RECEIVING, DueCheck, claim_due
from webmon.commands.checks.host_keys import ShownKey, pin_host_keys
from webmon.commands.checks.incidents import Transition, store_transitions
from webmon.commands.checks.results import LAST_FAILURES, forget_older_evidence
from webmon.commands.checks.service_states import (
    Row,
    decided_columns,
    lock_conditions,
    store_states,
)
from webmon.commands.history.daily_uptime import unsettle
from webmon.commands.history.host_metrics import Told, store_host_metrics
from webmon.commands.history.last_day import refresh_last_day
from webmon.commands.history.rollups import HOUR_MS, FullHour, store_hours
from webmon.domain.checks import schedule, transitions
from webmon.domain.checks.host_metrics import read_series
from webmon.domain.checks.status import OBSERVED, Status
from webmon.domain.checks.transitions import Condition, Policy
from webmon.domain.history.calendar import utc_day
from webmon.domain.history.rollups import Rollup
from webmon.domain.history.uptime import Period, patience_seconds, silence
from webmon.probes.base import Outcome

__all__ = ["LEASE", "OVER_SSH", "DueCheck", "Finding", "claim_due", "record"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. A signal that came by itself has neither claim nor revision."""

    service_id: int
    claim: int | None
    revision: int | None
    at: datetime
    outcome: Outcome


def record(session: Session, findings: Sequence[Finding], *, now: datetime) -> None:
    """Store what was found, and everything that follows from it, in the session's transaction.

    1. Lock and read the condition of each service. Drop a finding whose claim was replaced (lease
       lost, service deleted), or whose service was edited meanwhile.
    2. Advance each condition (`domain.checks.transitions`), and sum up the result.
    3. Store the results, gaps without checks, the hours that are over, the figures of machines, and
       SSH host keys that were seen for the first time.
    4. Store the conditions, give back the leases, set the next check, and take back what was
       settled of days that the news reach back to.
    5. If a status changed, store the change, open or resolve the incident, and queue the news for
       the channels.
    """
    found = _Found()
    present = lock_conditions(session, [finding.service_id for finding in findings])
    for finding in sorted(findings, key=lambda each: each.service_id):
        row = present.get(finding.service_id)
        if row is None or not _is_held(row, finding):
            continue
        if row.paused or finding.revision not in (None, row.revision):
            found.states.append(_handed_back(row, now))
        else:
            _take_in(found, row, finding, now)
    results.store_results(session, found.results)
    forget_older_evidence(session, found.long_failures)
    results.store_no_data(session, found.no_data)
    store_hours(session, found.full_hours)
    refresh_last_day(session, [each.service_id for each in found.full_hours], now=now)
    store_host_metrics(session, found.host_metrics)
    pin_host_keys(session, found.host_keys)
    store_states(session, found.states)
    unsettle(session, found.unsettled)
    store_transitions(session, found.changed, now=now)


@dataclass(slots=True)
class _Found:
    """What a batch of findings changes."""

    results: list[dict[str, Any]] = field(default_factory=list)
    long_failures: list[dict[str, Any]] = field(default_factory=list)
    no_data: list[dict[str, Any]] = field(default_factory=list)
    full_hours: list[FullHour] = field(default_factory=list)
    host_metrics: list[Told] = field(default_factory=list)
    host_keys: list[ShownKey] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Transition] = field(default_factory=list)
    unsettled: dict[int, int] = field(default_factory=dict)


HOST_METRICS = "host_metrics"

AT_ONCE = Policy(failures_to_down=1, failures_to_degraded=1, successes_to_up=1)


def _take_in(found: _Found, row: Row, finding: Finding, now: datetime) -> None:
    outcome, before = finding.outcome, row.condition
    if finding.at > now:  # the clock was set back meanwhile
        finding = replace(finding, at=now)
    observed = outcome.status in OBSERVED
    after = before
    if observed and not _says_nothing_new(row, outcome):
        policy = AT_ONCE if outcome.certain else row.policy
        after = transitions.advance(before, outcome.status, finding.at, policy)
    elif outcome.unable:
        after = transitions.lose(before, finding.at)
    is_lost = after.status is Status.UNKNOWN and before.status is not Status.UNKNOWN
    news_since = finding.at
    if after.status is not before.status:
        found.changed.append(Transition(row.service_id, before, after, outcome))
        news_since = min(news_since, after.since)
    if (observed or is_lost) and (unseen := _silence(row, finding.at)) is not None:
        found.no_data.append(results.no_data_row(row.service_id, *unseen))
    if (day := utc_day(news_since)) < row.settled_day:
        found.unsettled[row.service_id] = min(day, found.unsettled.get(row.service_id, day))
    if outcome.host_key is not None:
        found.host_keys.append((row.host_id, outcome.host_key, finding.at))
    if observed and row.kind == HOST_METRICS:
        series = read_series(outcome.evidence, finding.at)
        found.host_metrics.append(Told(row.service_id, finding.at, series))
    result = results.result_row(row.service_id, finding.at, outcome)
    found.results.append(result)
    if result["evidence"] is not None and after.up.count > LAST_FAILURES:
        found.long_failures.append(result)
    hour = result["at_ms"] // HOUR_MS
    rollup = Rollup.from_list(row.hourly)
    if hour != row.hour and row.hourly:
        found.full_hours.append(FullHour(row.service_id, row.hour, rollup))
        rollup = Rollup()
    rollup.add(outcome.status, outcome.response_us)
    update = _seen(row, after, finding, now) | {"hour": hour, "hourly": rollup.as_list()}
    if _is_decided_again(before, after):
        update |= decided_columns(after)
    found.states.append(update)


def _is_decided_again(before: Condition, after: Condition) -> bool:
    """Whether more has changed than the counts."""
    return (
        after.status is not before.status
        or after.up.since is not before.up.since
        or after.down.since is not before.down.since
    )


def _is_held(row: Row, finding: Finding) -> bool:
    """Whether the finding's claim is the current one."""
    if finding.claim is None:
        return True
    return row.claim == finding.claim and row.worker_id is not None


def _says_nothing_new(row: Row, outcome: Outcome) -> bool:
    """Whether it repeats the observation that the service's condition is based on."""
    is_decided = row.status is not Status.UNKNOWN
    return outcome.repeated and outcome.status is row.last_status and is_decided


def _silence(row: Row, at: datetime) -> Period | None:
    """The gap without checks before an observation, if it was too long."""
    # An undecided service may have been seen failing: its outage will count from then on.
    is_watched = row.status in OBSERVED or row.up_count > 0
    if row.observed_at is None or not is_watched:
        return None
    return silence(
        row.observed_at,
        at,
        credit_seconds=row.credit_seconds,
        patience_seconds=row.patience_seconds,
    )


def _seen(row: Row, after: Condition, finding: Finding, now: datetime) -> dict[str, Any]:
    outcome = finding.outcome
    observed = outcome.status in OBSERVED
    next_check_at = outcome.next_at or schedule.next_check_at(
        row.host_id if row.kind in OVER_SSH else row.service_id,
        _no_earlier_than_due(row, finding, now),
        interval_seconds=row.interval_seconds,
        retry_seconds=row.retry_seconds,
        confirm=observed and transitions.needs_confirmation(after, outcome.status),
    )
    patience = patience_seconds(row.interval_seconds, row.timeout_seconds)
    if not observed:  # the probe could not look: this time counts as not observed
        patience = row.patience_seconds if row.kind in RECEIVING else 0.0
    return {
        "key": row.service_id,
        "up_count": after.up.count,
        "down_count": after.down.count,
        "next_check_at": _unless_asked_sooner(row, next_check_at),
        "observed_at": finding.at if observed else row.observed_at,
        "credit_seconds": _credit_seconds(row, finding) if observed else row.credit_seconds,
        "patience_seconds": patience,
        "last_checked_at": finding.at,
        "last_status": outcome.status,
        "response_us": outcome.response_us,
        "message": outcome.message,
        "evidence": results.full_evidence(outcome, row.issuer, row.former_issuer),
    }


def _credit_seconds(row: Row, finding: Finding) -> int:
    """For how long an observation speaks: for the interval, or until what was reported is due
    again."""
    if finding.outcome.next_at is None:
        return row.interval_seconds
    return max(0, ceil((finding.outcome.next_at - finding.at).total_seconds()))


A_HAIR = timedelta(milliseconds=100)
"""A timer that goes off early, or a clock that is being corrected, is off by less than this."""


def _no_earlier_than_due(row: Row, finding: Finding, now: datetime) -> datetime:
    """``now``; for a check that began, and ended, a hair before its slot, the slot itself.

    Else that slot would be the next one again.
    """
    if finding.claim is None or row.due_at is None or not now < row.due_at <= now + A_HAIR:
        return now
    return row.due_at


def _handed_back(row: Row, now: datetime) -> dict[str, Any]:
    """The state of a service whose finding does not count, because it was edited or paused."""
    due = None if row.paused else _unless_asked_sooner(row, now)
    return {"key": row.service_id, "next_check_at": due}


def _unless_asked_sooner(row: Row, planned: datetime) -> datetime:
    """``planned``, or the sooner instant that somebody set while the check was under way."""
    asked = row.next_check_at
    return planned if asked is None or row.lease_until in (None, asked) else min(planned, asked)
