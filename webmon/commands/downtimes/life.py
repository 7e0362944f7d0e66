"""What time brings: the worker's pass over planned downtime, one transaction each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webmon.commands.downtimes.occurrences import AHEAD, bring_up_to, end, fill, keep_one_ahead
from webmon.commands.downtimes.steps import take_step
from webmon.commands.downtimes.telling import ask_owner, down_now
from webmon.commands.locks import lock_services
from webmon.domain.checks.status import Status
from webmon.domain.downtimes.life_cycle import ASK_BEFORE, State, Step
from webmon.domain.notifications.rules import NOT_WELL
from webmon.models import (
    CheckResult,
    Downtime,
    DowntimeOccurrence,
    DowntimeStep,
    ServiceState,
    StatusChange,
)
from webmon.models.columns import table
from webmon.models.history import STATUS_CODES
from webmon.queries.downtimes.windows import covered_services

MOST_AT_ONCE = 50
FILL_AGAIN = AHEAD - timedelta(days=3)

occurrence, state, result = table(DowntimeOccurrence).c, table(ServiceState).c, table(CheckResult).c
downtime, changed = table(Downtime).c, table(StatusChange).c


def comes_to_a_step(before: Any) -> Any:
    """Occurrences whose next step is due by then."""
    return occurrence.next_step_at <= before


def goes_on(now: Any) -> Any:
    """Occurrences that have started and not ended."""
    return (occurrence.state == State.STARTED) & (occurrence.ends_at > now)


FINISHES_BY_ITSELF = downtime.finish_when_up.is_not(None)


def is_short(before: Any) -> Any:
    """Downtimes whose occurrences are made up to before then, and no further."""
    return downtime.cancelled_at.is_(None) & (downtime.occurs_until < before)


def advance(session: Session, *, now: datetime) -> None:
    """Take the steps that are due, ask and finish where it is time, and fill the coming weeks."""
    take_due(session, now=now)
    watch_running(session, now=now)
    fill_some(session, now=now)


def take_due(session: Session, *, now: datetime, told: bool = True) -> bool:
    """Take the steps that time has brought; without ``told`` nobody is told.

    Takes some; returns whether there were any.
    """
    due = session.execute(
        select(occurrence.id, occurrence.downtime_id)
        .where(comes_to_a_step(now))
        .order_by(occurrence.next_step_at, occurrence.id)
        .limit(MOST_AT_ONCE)
    ).all()
    locked = _lock(session, {each.downtime_id for each in due})
    for each in due:
        found = session.get(DowntimeOccurrence, each.id, populate_existing=True)
        if found is not None and found.downtime_id in locked:
            bring_up_to(session, locked[found.downtime_id], found, now=now, told=told)
    for plan in locked.values():
        keep_one_ahead(session, plan, now=now)
    return bool(due)


def watch_running(session: Session, *, now: datetime) -> None:
    """Of what goes on: finish what is well again, and ask about what ends with something down."""
    # What has started comes to its next step at its end: so a few rows are read, not all to come.
    ends_soon = occurrence.next_step_at.between(now, now + ASK_BEFORE)
    by_themselves = session.scalars(select(downtime.id).where(FINISHES_BY_ITSELF))
    rows = session.execute(
        select(occurrence.id, occurrence.downtime_id, occurrence.starts_at, occurrence.ends_at)
        .add_columns(downtime.finish_when_up)
        .join(table(Downtime), downtime.id == occurrence.downtime_id)
        .where(goes_on(now), ends_soon | occurrence.downtime_id.in_(by_themselves.all()))
        .limit(MOST_AT_ONCE)
    ).all()
    asked_about = _with_something_down(session, [each for each in rows if _is_long(each)])
    rows = [each for each in rows if each.finish_when_up is not None or each in asked_about]
    locked = _lock(session, {each.downtime_id for each in rows})
    for each in rows:
        found = session.get(DowntimeOccurrence, each.id, populate_existing=True)
        if found is None or found.state is not State.STARTED or found.ends_at <= now:
            continue
        plan = locked[found.downtime_id]
        if plan.finish_when_up is not None and is_well(session, plan, found):
            why = f": everything was up for {plan.finish_when_up} checks"
            end(session, plan, found, State.FINISHED, by="", now=now, detail={"why": why})
        elif _is_long(found) and found.ends_at - ASK_BEFORE <= now:
            _ask(session, plan, found, now)


def _with_something_down(session: Session, rows: Sequence[Any]) -> list[Any]:
    """Those with a service in their scope that is down.

    Nothing is locked: most have none, and this is looked at every two seconds.
    """
    is_down = select(state.service_id).where(state.status == Status.DOWN)
    if not rows or not (down := set(session.scalars(is_down))):
        return []
    covered = covered_services(session, {each.downtime_id for each in rows})
    return [each for each in rows if covered[each.downtime_id] & down]


def _is_long(found: Any) -> bool:
    """Whether there is a moment at which to ask."""
    return bool(found.ends_at - ASK_BEFORE > found.starts_at)


def is_well(session: Session, plan: Downtime, found: DowntimeOccurrence) -> bool:
    """Whether all in scope has been up for so many checks in a row, after something was not.

    What was up all the time says nothing: the work may not have begun.
    """
    covered = covered_services(session, [plan.id])[plan.id]
    rows = session.execute(
        select(state.service_id, state.status, state.since).where(
            state.service_id.in_(covered), state.status != Status.PAUSED
        )
    ).all()
    if not rows or any(each.status is not Status.UP for each in rows):
        return False
    recovered = select(changed.id).where(
        changed.service_id.in_([each.service_id for each in rows]),
        changed.at >= found.starts_at,
        changed.from_status.in_(NOT_WELL),
    )
    if session.scalars(recovered.limit(1)).first() is None:
        return False
    return all(
        _ups(session, each.service_id, max(each.since, found.starts_at))
        >= (plan.finish_when_up or 1)
        for each in rows
    )


def _ups(session: Session, service_id: int, since: datetime) -> int:
    """Checks in a row that found it up, since then."""
    at_ms = round(since.timestamp() * 1000)
    mine = (result.service_id == service_id) & (result.at_ms >= at_ms)
    other = select(func.max(result.at_ms)).where(mine, result.status != STATUS_CODES[Status.UP])
    last_other = session.scalar(other) or 0
    ups = select(func.count()).where(mine, result.at_ms > last_other)
    return session.scalar(ups) or 0


def _ask(session: Session, plan: Downtime, found: DowntimeOccurrence, now: datetime) -> None:
    """Once for each end."""
    ends_at = found.ends_at.isoformat()
    asked = session.scalars(
        select(DowntimeStep)
        .where(col(DowntimeStep.occurrence_id) == found.id)
        .where(col(DowntimeStep.step) == Step.ASKED)
    )
    if any((each.detail or {}).get("ends_at") == ends_at for each in asked):
        return
    if subjects := down_now(session, plan):
        detail = {"ends_at": ends_at}
        taken = take_step(session, plan, found, Step.ASKED, at=now, detail=detail, now=now)
        ask_owner(session, plan, found, taken, subjects, now=now)


def fill_some(session: Session, *, now: datetime) -> None:
    """Make the rows of the coming weeks, where they come to an end."""
    found = session.execute(
        select(downtime.id)
        .where(is_short(now + FILL_AGAIN))
        .order_by(downtime.occurs_until)
        .limit(MOST_AT_ONCE)
    ).all()
    for each in _lock(session, {row.id for row in found}).values():
        fill(session, each, now=now)


def _lock(session: Session, downtime_ids: Iterable[int]) -> dict[int, Downtime]:
    """These downtimes, locked after all their services, in one order."""
    ids = sorted(downtime_ids)
    if not ids:
        return {}
    lock_services(session, set().union(*covered_services(session, ids).values()))
    rows = session.scalars(
        select(Downtime)
        .where(col(Downtime.id).in_(ids))
        .order_by(col(Downtime.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {each.id: each for each in rows}
