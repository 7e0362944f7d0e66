"""Claim the checks that are due, and record what they found: the two ends of the straight line.

There is one `record`: whatever is learnt about a service enters there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, select, update
from sqlmodel import Session, col

from webmon.commands import results
from webmon.commands.conditions import Row, decided_columns, lock_conditions, store_states
from webmon.commands.host_keys import ShownKey, pin_host_keys
from webmon.commands.rollups import HOUR_MS, FullHour, store_hours
from webmon.commands.transitions import Transition, store_transitions
from webmon.domain import schedule, transitions
from webmon.domain.heartbeats import Reports
from webmon.domain.rollups import Rollup
from webmon.domain.status import OBSERVED, Status
from webmon.domain.transitions import Condition, Policy
from webmon.domain.uptime import credit, tolerance
from webmon.models import Heartbeat, Host, Service, ServiceState
from webmon.models.columns import table
from webmon.models.heartbeats import listened_until
from webmon.probes import PROBES
from webmon.probes.base import Outcome

STATES = table(ServiceState)
state, service, host = STATES.c, table(Service).c, table(Host).c

HORIZON = timedelta(seconds=1.5)
"""How far ahead checks are claimed: a tick's second, and half of one for a tick that is late."""

LEASE = timedelta(seconds=180)
"""After this a claimed check is due again, whatever happened. Longer than the longest timeout."""

RECEIVING = frozenset(name for name, kind in PROBES.items() if kind.receives)
"""The kinds whose services are reported to us."""

OVER_SSH = frozenset(name for name, kind in PROBES.items() if kind.over_ssh)
"""The kinds whose services share the SSH connection of their host."""


class DueCheck(NamedTuple):
    """A claimed check, with all that is needed to run it. ``config`` is still sealed."""

    service_id: int
    claim: int
    due_at: datetime
    revision: int
    kind: str
    config: dict[str, Any]
    address: str
    timeout_seconds: float
    degraded_above_ms: int | None
    ssh: dict[str, Any] | None
    """Who logs in at the host, sealed; for kinds that do."""
    host_keys: dict[str, Any] | None
    heartbeat: Reports | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. A signal that came by itself has neither claim nor revision."""

    service_id: int
    claim: int | None
    revision: int | None
    at: datetime
    outcome: Outcome


def claim_due(session: Session, worker_id: str, *, limit: int, now: datetime) -> list[DueCheck]:
    """Take up to ``limit`` checks that are due by the end of the next second, the oldest first.

    One statement moves ``next_check_at`` on and takes the lease, so that no two workers ever hold
    the same check. It is given back by `record`, with its worker (`leases.retire`), or when the
    lease ends.
    """
    if limit <= 0:
        return []
    due = (
        select(state.service_id)
        .where(state.next_check_at <= now + HORIZON)
        .where(state.lease_until.is_(None) | (state.lease_until <= now))
        .order_by(state.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease_until = now + LEASE
    claimed = session.execute(
        update(STATES)
        .where(state.service_id.in_(due))
        .values(
            due_at=state.next_check_at,
            next_check_at=lease_until,
            lease_until=lease_until,
            worker_id=worker_id,
            claim=state.claim + 1,
        )
        .returning(state.service_id, state.claim, state.due_at)
    ).all()
    return _with_definitions(session, {row[0]: (row[1], row[2]) for row in claimed})


def _with_definitions(session: Session, claimed: dict[int, tuple[int, datetime]]) -> list[DueCheck]:
    if not claimed:
        return []
    rows = session.execute(
        select(
            service.id,
            service.revision,
            service.kind,
            service.config,
            host.address,
            service.timeout_seconds,
            service.degraded_above_ms,
            case((service.kind.in_(OVER_SSH), host.ssh)),
            case((service.kind.in_(OVER_SSH), host.host_keys)),
        )
        .join(table(Host), host.id == service.host_id)
        .where(service.id.in_(claimed))
    )
    due = [DueCheck(row[0], *claimed[row[0]], *row[1:]) for row in rows]
    reports = _reports(session, [check.service_id for check in due if check.kind in RECEIVING])
    return [check._replace(heartbeat=reports.get(check.service_id)) for check in due]


def _reports(session: Session, service_ids: Sequence[int]) -> dict[int, Reports]:
    """What was reported to services that receive heartbeats."""
    if not service_ids:
        return {}
    wanted = select(Heartbeat).where(col(Heartbeat.service_id).in_(service_ids))
    heard = listened_until(session)
    return {row.service_id: row.reports(heard) for row in session.scalars(wanted)}


def record(session: Session, findings: Sequence[Finding], *, now: datetime) -> None:
    """Store what was found, and everything that follows from it, in the session's transaction.

    1. Lock and read the condition of each service; a finding whose claim is no longer the present
       one (lease lost, service deleted) or whose service was edited meanwhile is dropped.
    2. Advance each condition (`domain.transitions`), and sum up the result.
    3. Store the results, the time in which nobody looked, the hours that are over, and the keys of
       hosts that were seen for the first time.
    4. Store the conditions, give back the leases, and set the next check.
    5. Where the status changed, store the change, open or resolve the incident, and owe the news
       to the channels.
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
    results.store_no_data(session, found.no_data)
    store_hours(session, found.full_hours)
    pin_host_keys(session, found.host_keys)
    store_states(session, found.states)
    store_transitions(session, found.changed, now=now)


@dataclass(slots=True)
class _Found:
    """What a batch comes to."""

    results: list[dict[str, Any]] = field(default_factory=list)
    no_data: list[dict[str, Any]] = field(default_factory=list)
    full_hours: list[FullHour] = field(default_factory=list)
    host_keys: list[ShownKey] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    changed: list[Transition] = field(default_factory=list)


AT_ONCE = Policy(failures_to_down=1, failures_to_degraded=1, successes_to_up=1)


def _take_in(found: _Found, row: Row, finding: Finding, now: datetime) -> None:
    outcome, before = finding.outcome, row.condition
    observed = outcome.status in OBSERVED
    after = before
    if observed and not _says_nothing_new(row, outcome):
        policy = AT_ONCE if outcome.certain else row.policy
        after = transitions.advance(before, outcome.status, finding.at, policy)
    if after.status is not before.status:
        found.changed.append(Transition(row.service_id, before, after, outcome))
    if observed and (silence := _silence(row, finding.at)) is not None:
        found.no_data.append(results.no_data_row(row.service_id, *silence))
    if outcome.host_key is not None:
        found.host_keys.append((row.host_id, outcome.host_key, finding.at))
    result = results.result_row(row.service_id, finding.at, outcome, failures=after.up.count)
    found.results.append(result)
    hour = result["at_ms"] // HOUR_MS
    rollup = Rollup.from_list(row.hourly)
    if hour != row.hour and row.hourly:
        found.full_hours.append(FullHour(row.service_id, row.hour, rollup))
        rollup = Rollup()
    rollup.add(outcome.status, outcome.response_us)
    update = _seen(row, after, finding, now) | {"hour": hour, "hourly": rollup.as_list()}
    if _is_decided_anew(before, after):
        update |= decided_columns(after)
    found.states.append(update)


def _is_decided_anew(before: Condition, after: Condition) -> bool:
    """Whether more has changed than the counts."""
    return (
        after.status is not before.status
        or after.up.since is not before.up.since
        or after.down.since is not before.down.since
    )


def _is_held(row: Row, finding: Finding) -> bool:
    """Whether the finding's claim is the present one."""
    if finding.claim is None:
        return True
    return row.claim == finding.claim and row.worker_id is not None


def _says_nothing_new(row: Row, outcome: Outcome) -> bool:
    """Whether it is what the service's condition rests on already."""
    is_decided = row.status is not Status.UNKNOWN
    return outcome.repeated and outcome.status is row.last_status and is_decided


def _silence(row: Row, at: datetime) -> tuple[datetime, datetime] | None:
    """The time before an observation in which nobody looked, if that was too long."""
    if row.observed_at is None or row.status not in OBSERVED:
        return None
    expected_at = row.observed_at + credit(row.interval_seconds)
    planned_at = row.due_at if row.worker_id is not None else row.next_check_at
    if row.kind in RECEIVING and planned_at is not None:
        expected_at = max(expected_at, planned_at)  # till then the last report stands
    patience = tolerance(row.interval_seconds, row.timeout_seconds) - credit(row.interval_seconds)
    return (expected_at, at) if at > expected_at + patience else None


def _seen(row: Row, after: Condition, finding: Finding, now: datetime) -> dict[str, Any]:
    outcome = finding.outcome
    observed = outcome.status in OBSERVED
    next_check_at = outcome.next_at or schedule.next_check_at(
        row.host_id if row.kind in OVER_SSH else row.service_id,
        now,
        interval_seconds=row.interval_seconds,
        retry_seconds=row.retry_seconds,
        confirm=observed and transitions.needs_confirmation(after, outcome.status),
    )
    return {
        "key": row.service_id,
        "up_count": after.up.count,
        "down_count": after.down.count,
        "next_check_at": _unless_asked_sooner(row, next_check_at),
        "observed_at": finding.at if observed else row.observed_at,
        "last_checked_at": finding.at,
        "last_status": outcome.status,
        "response_us": outcome.response_us,
        "message": outcome.message,
        "evidence": results.full_evidence(outcome, row.issuer, row.former_issuer),
    }


def _handed_back(row: Row, now: datetime) -> dict[str, Any]:
    """The state of a service whose finding does not count, because it was edited or paused."""
    due = None if row.paused else _unless_asked_sooner(row, now)
    return {"key": row.service_id, "next_check_at": due}


def _unless_asked_sooner(row: Row, planned: datetime) -> datetime | None:
    """``planned``, unless somebody set another instant while the check was under way."""
    asked = row.next_check_at
    return planned if row.lease_until in (None, asked) else asked
