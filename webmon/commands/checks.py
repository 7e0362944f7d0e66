"""Claim the checks that are due, and record what they found: the two ends of the straight line.

There is one `record`: whatever is learnt about a service enters there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, insert, select, update
from sqlmodel import Session, col

from webmon.commands.conditions import (
    STORED,
    Row,
    columns_of,
    condition_of,
    lock_conditions,
    store_states,
)
from webmon.commands.host_keys import ShownKey, pin_host_keys
from webmon.commands.transitions import Transition, store_transitions
from webmon.domain import schedule, transitions
from webmon.domain.heartbeats import Reports
from webmon.domain.status import OBSERVED, Status
from webmon.domain.transitions import Condition, Policy
from webmon.models import CheckResult, Heartbeat, Host, Service, ServiceState
from webmon.models.columns import table
from webmon.models.heartbeats import listened_until
from webmon.models.history import STATUS_CODES
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

EVIDENCE_PER_FAILURE_RUN = 5
"""The failures in a row whose evidence is kept with the result; later ones say nothing new."""


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
    2. Store the results, and pin the keys of hosts that were seen for the first time.
    3. Advance each condition (`domain.transitions`).
    4. Store the conditions, give back the leases, and set the next check.
    5. Where the status changed, store the change, open or resolve the incident, and owe the news
       to the channels.
    """
    present = lock_conditions(session, [finding.service_id for finding in findings])
    results, updates = [], []
    changed: list[Transition] = []
    shown: list[ShownKey] = []
    for finding in sorted(findings, key=lambda each: each.service_id):
        row = present.get(finding.service_id)
        if row is None or not _is_held(row, finding):
            continue
        if row.paused or finding.revision not in (None, row.revision):
            updates.append(_handed_back(row, now))
            continue
        before = after = condition_of(row.state)
        if not _says_nothing_new(row, finding.outcome):
            policy = AT_ONCE if finding.outcome.certain else row.policy
            after = transitions.advance(before, finding.outcome.status, finding.at, policy)
        results.append(_result(finding, after))
        if finding.outcome.host_key is not None:
            shown.append((row.host_id, finding.outcome.host_key, finding.at))
        if after.status is not before.status:
            changed.append(Transition(finding.service_id, before, after, finding.outcome))
        updates.append(_advanced(row, after, finding, now))
    if results:
        session.execute(insert(CheckResult), results)
    pin_host_keys(session, shown)
    store_states(session, updates)
    store_transitions(session, changed, now=now)


AT_ONCE = Policy(failures_to_down=1, failures_to_degraded=1, successes_to_up=1)


def _is_held(row: Row, finding: Finding) -> bool:
    """Whether the finding's claim is the present one."""
    if finding.claim is None:
        return True
    return row.state.claim == finding.claim and row.state.worker_id is not None


def _says_nothing_new(row: Row, outcome: Outcome) -> bool:
    """Whether it is no data, or what the service's condition rests on already."""
    if outcome.status not in OBSERVED:
        return True
    is_decided = row.state.status is not Status.UNKNOWN
    return outcome.repeated and outcome.status is row.state.last_status and is_decided


def _result(finding: Finding, after: Condition) -> dict[str, Any]:
    """A row of `CheckResult`: ordinary successes keep their numbers only."""
    outcome = finding.outcome
    wrong = outcome.status is not Status.UP
    telling = wrong and after.up.count <= EVIDENCE_PER_FAILURE_RUN
    return {
        "service_id": finding.service_id,
        "at_ms": round(finding.at.timestamp() * 1000),
        "status": STATUS_CODES[outcome.status],
        "response_us": outcome.response_us,
        "dns_us": outcome.phases.dns_us,
        "connect_us": outcome.phases.connect_us,
        "tls_us": outcome.phases.tls_us,
        "first_byte_us": outcome.phases.first_byte_us,
        "message": outcome.message if wrong else None,
        "evidence": outcome.evidence if telling else None,
    }


def _advanced(row: Row, after: Condition, finding: Finding, now: datetime) -> dict[str, Any]:
    outcome = finding.outcome
    next_check_at = outcome.next_at or schedule.next_check_at(
        row.host_id if row.kind in OVER_SSH else finding.service_id,
        now,
        interval_seconds=row.interval_seconds,
        retry_seconds=row.retry_seconds,
        confirm=outcome.status in OBSERVED
        and transitions.needs_confirmation(after, outcome.status),
    )
    return {
        "key": finding.service_id,
        **columns_of(after),
        "next_check_at": _unless_asked_sooner(row, next_check_at),
        "last_checked_at": finding.at,
        "last_status": outcome.status,
        "response_us": outcome.response_us,
        "message": outcome.message,
        "evidence": {
            "phases": asdict(outcome.phases),
            **outcome.evidence,
            **_former_issuer(row.state.evidence or {}, outcome.evidence),
        },
    }


def _former_issuer(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Who issued the certificate before, from the change on: an admin may want to know."""
    if "issuer" not in before or "issuer" not in now:
        return {}
    if before["issuer"] != now["issuer"]:
        return {"former_issuer": before["issuer"]}
    former = before.get("former_issuer")
    return {"former_issuer": former} if former else {}


def _handed_back(row: Row, now: datetime) -> dict[str, Any]:
    """The state of a service whose finding does not count, because it was edited or paused."""
    kept = {name: getattr(row.state, name) for name in STORED if name != "next_check_at"}
    due = None if row.paused else _unless_asked_sooner(row, now)
    return {"key": row.state.service_id, **kept, "next_check_at": due}


def _unless_asked_sooner(row: Row, planned: datetime) -> datetime | None:
    """``planned``, unless somebody set another instant while the check was under way."""
    asked: datetime | None = row.state.next_check_at
    return planned if row.state.lease_until in (None, asked) else asked
