"""Change what is planned: all of a downtime, this time and all that follow, or one time alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from webmon.commands.accounts.activity import Found, noted
from webmon.commands.downtimes.fields import read_duration_seconds, read_wanted
from webmon.commands.downtimes.lock import (
    find_downtime,
    lock_downtime,
    occurrence_at,
    require_revision,
)
from webmon.commands.downtimes.occurrences import bring_up_to, end, fill, keep_one_ahead, move
from webmon.commands.downtimes.plan import (
    EPOCH,
    new_downtime,
    recount,
    recount_all,
    require_free_key,
    services_now,
    store_scope,
)
from webmon.commands.locks import lock_services
from webmon.domain.accounts.access import Actor
from webmon.domain.downtimes.life_cycle import OPEN_STATES, State
from webmon.domain.downtimes.recurrence import rule_until
from webmon.domain.history.uptime import Period
from webmon.models import Downtime, DowntimeOccurrence
from webmon.queries.downtimes.windows import covered_services, schedule_of

SCHEDULE = ("starts_local", "timezone", "duration_seconds", "rrule")


@noted("downtime", "changed")
def edit_downtime(
    session: Session,
    downtime_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Downtime:
    """Change all of a downtime. Times that were announced are told as rescheduled or cancelled.

    What is over stays, except of a downtime that happens once: that may be moved afterwards.

    Raises:
        Invalid: also if it is no longer the ``revision`` that was edited.
        NotFound, PermissionDenied.
    """
    find_downtime(session, downtime_id, actor=actor)
    wanted = read_wanted(session, fields, actor)
    before = covered_services(session, [downtime_id])[downtime_id]
    lock_services(session, before | set(services_now(session, wanted)))
    downtime = lock_downtime(session, downtime_id, actor=actor)
    require_revision(downtime, revision)
    by = actor.email if actor is not None else ""
    recount_all(session, downtime, now)
    key = wanted.fields.key if "key" in wanted.fields.model_fields_set else downtime.key
    require_free_key(session, key, wanted.fields.namespace_id, downtime.id)
    downtime.key = key
    columns = wanted.columns()
    was_once = not downtime.rrule
    is_moved = any(getattr(downtime, name) != columns[name] for name in SCHEDULE)
    downtime.sqlmodel_update(columns)
    downtime.revision += 1
    downtime.changed_at, downtime.cancelled_at = now, None
    store_scope(session, downtime, wanted)
    if is_moved:
        _reschedule(session, downtime, by=by, now=now, all_of_it=was_once and not downtime.rrule)
    _bring_all_up_to(session, downtime, now)
    recount_all(session, downtime, now)
    return downtime


def _follower(_session: Session, downtime: Downtime, _now: datetime, downtime_id: int) -> Found:
    """The one that was made; where none was, all of the downtime was edited, and that is noted."""
    if downtime.id != downtime_id:
        yield from (("downtime", each) for each in (downtime_id, downtime.id))


@noted("downtime", "split", about=_follower, told=("slot_at",))
def edit_following(
    session: Session,
    downtime_id: int,
    slot_at: datetime,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Downtime:
    """Change the occurrence of ``slot_at`` and all after it: they become a downtime of their own.

    Returns that one. Before the first occurrence it is the same as `edit_downtime`.

    Raises:
        Invalid, NotFound, PermissionDenied.
    """
    downtime = find_downtime(session, downtime_id, actor=actor)
    schedule = schedule_of(downtime)
    earlier = schedule.between(EPOCH, slot_at)
    if not earlier:
        return edit_downtime(session, downtime_id, fields, actor=actor, now=now, revision=revision)
    wanted = read_wanted(session, {**fields, "key": None}, actor)
    covered = covered_services(session, [downtime_id])[downtime_id]
    lock_services(session, covered | set(services_now(session, wanted)))
    downtime = lock_downtime(session, downtime_id, actor=actor)
    require_revision(downtime, revision)
    downtime.rrule = rule_until(downtime.rrule, earlier[-1])
    downtime.revision += 1
    downtime.changed_at = now
    follower = new_downtime(session, wanted, actor=actor, now=now, occurs_until=slot_at)
    later = select(DowntimeOccurrence).where(
        col(DowntimeOccurrence.downtime_id) == downtime_id,
        col(DowntimeOccurrence.slot_at) >= slot_at,
    )
    theirs = session.exec(later).all()
    begins = [slot_at, *(each.starts_at for each in theirs)]
    recount(session, downtime, begins)
    for each in theirs:
        each.downtime_id = follower.id
    session.flush()
    by = actor.email if actor is not None else ""
    _reschedule(session, follower, by=by, now=now)
    _bring_all_up_to(session, follower, now)
    recount(session, follower, begins)
    return follower


@noted(
    "downtime",
    "changed one time of",
    always=True,
    told=("slot_at", "starts_at", "duration_seconds"),
)
def edit_occurrence(
    session: Session,
    downtime_id: int,
    slot_at: datetime,
    *,
    starts_at: datetime,
    duration_seconds: int,
    title: str | None = None,
    message: str | None = None,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> DowntimeOccurrence:
    """Change one time of a downtime alone; ``slot_at`` is the start that its rule gives.
    ``revision`` is that of the downtime that the change is based on, where somebody edited it.

    Raises:
        Invalid: it does not occur then, or the length is none.
        NotFound, PermissionDenied.
        Conflict: somebody else has changed the downtime since.
    """
    length = timedelta(seconds=read_duration_seconds(duration_seconds))
    lock_services(session, covered_services(session, [downtime_id])[downtime_id])
    downtime = lock_downtime(session, downtime_id, actor=actor)
    require_revision(downtime, revision)
    downtime.revision += 1
    occurrence = occurrence_at(session, downtime, slot_at, now=now)
    recount(session, downtime, [occurrence.starts_at])
    occurrence.title, occurrence.message = title or None, message or None
    occurrence.moved = True
    period = Period(starts_at, starts_at + length)
    move(
        session, downtime, occurrence, period,
        by=actor.email if actor is not None else "", now=now,
    )  # fmt: skip
    downtime.changed_at = now
    recount(session, downtime, [occurrence.starts_at])
    keep_one_ahead(session, downtime, now=now)
    return occurrence


def _reschedule(
    session: Session, downtime: Downtime, *, by: str, now: datetime, all_of_it: bool = False
) -> None:
    """Bring the rows into step with a new schedule.

    Rows that somebody was told of are moved, in their order; new rows replace the others. Where it
    happens once (``all_of_it``) its only row moves, also if it is over.
    """
    mine = select(DowntimeOccurrence).where(col(DowntimeOccurrence.downtime_id) == downtime.id)
    rows = list(session.exec(mine.order_by(col(DowntimeOccurrence.slot_at))))
    ahead = [each for each in rows if each.starts_at > now or all_of_it]
    kept = [each for each in ahead if all_of_it or (each.announced and each.state in OPEN_STATES)]
    for each in ahead:
        if each not in kept:
            session.delete(each)
        else:  # no two have the same slot meanwhile
            each.slot_at = EPOCH + timedelta(seconds=each.id)
    session.flush()
    schedule = schedule_of(downtime)
    slots = list(schedule) if all_of_it else schedule.following(now, len(kept))
    for each, slot_at in zip(kept, slots, strict=False):
        each.slot_at, each.moved = slot_at, False
        move(session, downtime, each, schedule.period(slot_at), by=by, now=now)
    for each in kept[len(slots) :]:
        end(session, downtime, each, State.CANCELLED, by=by, now=now)
    downtime.occurs_until = EPOCH if all_of_it else now
    fill(session, downtime, now=now)


def _bring_all_up_to(session: Session, downtime: Downtime, now: datetime) -> None:
    """Offsets may have changed: what is due is told, and when the next step comes is noted."""
    is_open = select(DowntimeOccurrence).where(
        col(DowntimeOccurrence.downtime_id) == downtime.id,
        col(DowntimeOccurrence.state).in_(OPEN_STATES),
    )
    for each in session.exec(is_open):
        bring_up_to(session, downtime, each, now=now)
