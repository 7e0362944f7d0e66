"""What jobs report in: their addresses, and what follows from each signal.

A signal is a result like any other: it enters through `checks.record`, and voids the claim of a
worker that was about to find the heartbeat overdue.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from webmon import crypto, probes
from webmon.commands.checks.record import Finding, record
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.checks.heartbeats import Plan, Reports, Signal
from webmon.errors import NotFound
from webmon.models import Heartbeat, Service, ServiceState
from webmon.models.columns import table
from webmon.models.heartbeats import REPORTED, reports_in
from webmon.probes.heartbeat import HeartbeatConfig, judge

HEARTBEATS, STATES, SERVICES = table(Heartbeat), table(ServiceState), table(Service)
heartbeat, state, service = HEARTBEATS.c, STATES.c, SERVICES.c

LOCK = (
    select(state.service_id)
    .join(HEARTBEATS, heartbeat.service_id == state.service_id)
    .where(heartbeat.token_hash == bindparam("token_hash"))
    .with_for_update(of=STATES)
)
FIND = (
    select(*heartbeat, service.config, service.paused, service.degraded_above_ms)
    .join(SERVICES, service.id == heartbeat.service_id)
    .where(heartbeat.token_hash == bindparam("token_hash"))
)
"""Built once: a signal costs little more than its statements."""

TOKEN_BYTES = 24
MOST_BODY_BYTES = 10 * 1024


def prepare(session: Session, subject: Service, *, now: datetime) -> None:
    """Give a service that receives heartbeats its lasting address, and take it from others."""
    present = session.get(Heartbeat, subject.id)
    if not receives(subject):
        if present is not None:
            session.delete(present)
    elif present is None:
        session.add(new_heartbeat(subject, now))


def receives(subject: Service) -> bool:
    """Whether jobs report to this service."""
    kind = probes.PROBES.get(subject.kind)
    return kind is not None and kind.receives


def new_heartbeat(subject: Service, now: datetime) -> Heartbeat:
    """A lasting address for a stored service that has none."""
    token = token_urlsafe(TOKEN_BYTES)
    return Heartbeat(
        service_id=subject.id,
        token_hash=token_hash(token),
        token=crypto.vault().encrypt(token),
        expected_from=now,
    )


def expect_again(session: Session, service_ids: Sequence[int], *, now: datetime) -> None:
    """Give the jobs of services that were resumed, or have another plan, the whole time again."""
    which = heartbeat.service_id.in_(service_ids)
    session.execute(update(HEARTBEATS).where(which).values(expected_from=now))


def receive(session: Session, token: str, signal: Signal, body: bytes, *, now: datetime) -> None:
    """Take in a signal and what the job said with it. A paused service takes no notice.

    Raises:
        NotFound: no service has this token (any more).
    """
    row = _locked(session, token)
    if row.paused:
        return
    plan = HeartbeatConfig.model_validate(crypto.unseal(row.config)).plan
    if signal.kind == "start":
        _start(session, row, plan, now)
        return
    reports = _finished(reports_in(row), plan, signal, body, now)
    _store(session, row.service_id, **{name: getattr(reports, name) for name in REPORTED})
    outcome = replace(judge(plan, reports, now=now), repeated=False)
    outcome = probes.judge_speed(outcome, row.degraded_above_ms)
    record(session, [Finding(row.service_id, None, None, now, outcome)], now=now)


def _locked(session: Session, token: str) -> Any:
    """The heartbeat and its service's definition, locked until the transaction ends."""
    wanted = {"token_hash": token_hash(token)}
    session.execute(LOCK, wanted).all()
    row = session.execute(FIND, wanted).first()
    if row is None:
        raise NotFound("there is no such heartbeat")
    return row


def _start(session: Session, row: Any, plan: Plan, now: datetime) -> None:
    """Note that a run began. The first one of all begins the time within which one must finish."""
    if row.last_at is None and row.started_at is None:
        _store(session, row.service_id, expected_from=now)
        due = update(STATES).where(state.service_id == row.service_id)
        session.execute(due.values(next_check_at=plan.deadline(now)))
    _store(session, row.service_id, started_at=now)


def _finished(reports: Reports, plan: Plan, signal: Signal, body: bytes, now: datetime) -> Reports:
    started_at = reports.started_at
    if started_at is not None and not plan.belongs(started_at, now):
        started_at = None  # that run never told of its end: this is another, without a start
    return replace(
        reports,
        last_at=now,
        failed=signal.kind == "failure",
        exit_status=signal.exit_status,
        run_seconds=None if started_at is None else max(0.0, (now - started_at).total_seconds()),
        body=readable(body),
        started_at=None,
    )


def _store(session: Session, service_id: int, **columns: Any) -> None:
    session.execute(update(HEARTBEATS).where(heartbeat.service_id == service_id).values(**columns))


def readable(body: bytes) -> str:
    """The beginning of a body as a text that can be stored, with ``…`` where more followed."""
    text = body[:MOST_BODY_BYTES].decode("utf-8", errors="replace").replace("\0", "")
    return text.rstrip("\ufffd") + "…" if len(body) > MOST_BODY_BYTES else text
