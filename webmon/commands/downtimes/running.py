"""What people do while a downtime goes on, or at once: start, extend, finish, cancel, skip."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from webmon.commands.accounts.activity import Found, noted
from webmon.commands.downtimes.fields import read_duration_seconds
from webmon.commands.downtimes.lock import lock_downtime, lock_occurrence, occurrence_at
from webmon.commands.downtimes.occurrences import bring_up_to, end, keep_one_ahead, move
from webmon.commands.downtimes.plan import plan_downtime, recount, recount_all
from webmon.domain.accounts.access import Actor
from webmon.domain.downtimes.life_cycle import OPEN_STATES, State
from webmon.domain.downtimes.recurrence import instant, local_time
from webmon.domain.history.uptime import Period
from webmon.domain.timezones import read_timezone
from webmon.errors import Invalid
from webmon.models import Downtime, DowntimeOccurrence, Namespace

EMERGENCY = "Emergency maintenance"
EMERGENCY_SECONDS = 30 * 60


def start_now(
    session: Session,
    fields: Mapping[str, Any],
    *,
    duration_seconds: int = EMERGENCY_SECONDS,
    actor: Actor | None,
    now: datetime,
) -> Downtime:
    """Begin a downtime at once; ``fields`` are those of `DowntimeFields` besides its time.

    Needed are ``namespace_id``, and ``host_ids``, ``service_ids`` or ``whole_namespace``.

    Raises:
        Invalid, PermissionDenied.
    """
    namespace = session.get(Namespace, fields.get("namespace_id"))
    timezone = read_timezone(namespace.timezone if namespace is not None else "UTC")
    begin = now.replace(microsecond=0)
    # The clocks may show this time twice: the instant is said in UTC where they do.
    exact = timezone if _is_exact(begin, timezone) else "UTC"
    wanted = {
        "title": EMERGENCY,
        **fields,
        "starts_at": local_time(begin, exact).isoformat(),
        "timezone": exact,
        "duration_seconds": duration_seconds,
        "announce_before": [],
    }
    return plan_downtime(session, wanted, actor=actor, now=now)


def _is_exact(at: datetime, timezone: str) -> bool:
    return instant(local_time(at, timezone), timezone) == at


def _changed(
    _session: Session, occurrence: DowntimeOccurrence, now: datetime, _argument: int
) -> Found:
    """The downtime of an occurrence that was changed just now."""
    if occurrence.changed_at == now:
        yield "downtime", occurrence.downtime_id


@noted("downtime", "started", about=_changed)
def start_occurrence(
    session: Session, occurrence_id: int, *, actor: Actor | None, now: datetime
) -> DowntimeOccurrence:
    """Begin an occurrence now that was planned for later; it lasts as long as it was to last.

    Raises:
        Invalid: it has begun, or is over.
        NotFound, PermissionDenied.
    """
    downtime, found = lock_occurrence(session, occurrence_id, actor=actor, now=now)
    if found.state is not State.SCHEDULED:
        raise Invalid("it has begun already, or is over")
    length = found.ends_at - found.starts_at
    found.starts_at, found.ends_at = now, now + length
    found.moved = True
    found.sequence += 1
    found.changed_at = now
    bring_up_to(session, downtime, found, now=now)
    keep_one_ahead(session, downtime, now=now)
    return found


@noted("downtime", "extended", about=_changed, told=("seconds",))
def extend(
    session: Session,
    occurrence_id: int,
    seconds: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> DowntimeOccurrence:
    """Let an occurrence end later by so many seconds.

    Raises:
        Invalid: it is over, or the length is none.
        NotFound, PermissionDenied.
    """
    longer = timedelta(seconds=read_duration_seconds(seconds, "extend_by"))
    downtime, found = lock_occurrence(session, occurrence_id, actor=actor, now=now)
    if found.state not in OPEN_STATES:
        raise Invalid("it is over")
    found.moved = True
    period = Period(found.starts_at, found.ends_at + longer)
    move(session, downtime, found, period, by=_name(actor), now=now)
    return found


@noted("downtime", "finished", about=_changed)
def finish(
    session: Session, occurrence_id: int, *, actor: Actor | None, now: datetime
) -> DowntimeOccurrence:
    """End an occurrence now; one that is over already stays as it is.

    Raises:
        Invalid: it has not begun.
        NotFound, PermissionDenied.
    """
    downtime, found = lock_occurrence(session, occurrence_id, actor=actor, now=now)
    if found.state is State.SCHEDULED:
        raise Invalid("it has not begun: cancel it")
    if found.state is State.STARTED:
        found.moved = True
        end(session, downtime, found, State.FINISHED, by=_name(actor), now=now)
    return found


@noted("downtime", "cancelled")
def cancel_downtime(
    session: Session, downtime_id: int, *, actor: Actor | None, now: datetime
) -> Downtime:
    """Cancel what goes on and all that is to come. What a series has had stays.

    Of a downtime that happens once, also what is over: its time counts again.

    Raises:
        NotFound, PermissionDenied.
    """
    downtime = lock_downtime(session, downtime_id, actor=actor)
    if downtime.cancelled_at is not None:
        return downtime
    recount_all(session, downtime, now)
    states = [*OPEN_STATES] if downtime.rrule else [*OPEN_STATES, State.FINISHED]
    mine = select(DowntimeOccurrence).where(
        col(DowntimeOccurrence.downtime_id) == downtime_id,
        col(DowntimeOccurrence.state).in_(states),
    )
    for each in session.exec(mine.order_by(col(DowntimeOccurrence.slot_at))).all():
        bring_up_to(session, downtime, each, now=now)
        if not (downtime.rrule and each.state is State.FINISHED):
            end(session, downtime, each, State.CANCELLED, by=_name(actor), now=now)
    downtime.cancelled_at = downtime.changed_at = now
    downtime.revision += 1
    downtime.key = None
    session.flush()
    return downtime


@noted("downtime", "skipped one time of", about=_changed, told=("slot_at",))
def skip_occurrence(
    session: Session,
    downtime_id: int,
    slot_at: datetime,
    *,
    actor: Actor | None,
    now: datetime,
) -> DowntimeOccurrence:
    """Leave out one time of a series. Where it was announced, that is told as cancelled.

    Raises:
        Invalid: it does not occur then.
        NotFound, PermissionDenied.
    """
    downtime = lock_downtime(session, downtime_id, actor=actor)
    found = occurrence_at(session, downtime, slot_at, now=now)
    return _call_off(session, downtime, found, State.SKIPPED, actor, now)


@noted("downtime", "cancelled one time of", about=_changed)
def cancel_occurrence(
    session: Session, occurrence_id: int, *, actor: Actor | None, now: datetime
) -> DowntimeOccurrence:
    """Cancel one time of a downtime, also afterwards: its time counts again.

    Raises:
        NotFound, PermissionDenied.
    """
    downtime, found = lock_occurrence(session, occurrence_id, actor=actor, now=now)
    return _call_off(session, downtime, found, State.CANCELLED, actor, now)


def _call_off(
    session: Session,
    downtime: Downtime,
    found: DowntimeOccurrence,
    state: State,
    actor: Actor | None,
    now: datetime,
) -> DowntimeOccurrence:
    if found.state not in (State.CANCELLED, State.SKIPPED):
        recount(session, downtime, [found.starts_at])
        end(session, downtime, found, state, by=_name(actor), now=now)
        downtime.changed_at = now
        downtime.revision += 1
        keep_one_ahead(session, downtime, now=now)
    return found


def _name(actor: Actor | None) -> str:
    return actor.email if actor is not None else ""
