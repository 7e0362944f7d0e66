"""What the editor of a downtime shows: its fields as they are, and a preview of what they mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.domain.downtimes.recurrence import Schedule, local_time, rule_from, what_is_odd
from webmon.domain.history.uptime import Period
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.models import Downtime, DowntimeChannel, DowntimeOccurrence
from webmon.models.columns import table
from webmon.queries.downtimes.windows import (
    COUNTS,
    DOWNTIMES,
    OCCURRENCES,
    covering,
    downtime,
    in_host,
    in_service,
    occurrence,
    schedule_of,
)

MOST_SHOWN = 10
MOST_SERIES, MOST_COMPARED = 50, 400
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
told = table(DowntimeChannel).c


@dataclass(frozen=True, slots=True)
class PreviewView:
    """One of the next occurrences: on the downtime's clocks, and on the reader's.

    ``odd`` says what the clocks do then, ``overlaps`` names other downtime of the same services.
    """

    starts_at: datetime
    ends_at: datetime
    there: str
    here: str
    odd: str
    overlaps: tuple[str, ...]


def downtime_fields(session: Session, downtime_id: int, *, actor: Actor | None) -> dict[str, Any]:
    """The `DowntimeFields` of a downtime as they are, with ``revision``.

    Raises:
        NotFound: there is none, or it is not for this person.
    """
    row = session.get(Downtime, downtime_id) if is_id(downtime_id) else None
    if row is None or (actor is not None and not actor.sees(row.namespace_id)):
        raise NotFound("this downtime does not exist")

    def ids(column: Any, owner: Any) -> list[int]:
        return sorted(session.scalars(select(column).where(owner == downtime_id)))

    chosen = ids(told.channel_id, told.downtime_id) if row.channels_chosen else None
    return {
        "title": row.title,
        "message": row.message,
        "namespace_id": row.namespace_id,
        "whole_namespace": row.whole_namespace,
        "host_ids": ids(in_host.host_id, in_host.downtime_id),
        "service_ids": ids(in_service.service_id, in_service.downtime_id),
        "starts_at": row.starts_local,
        "duration_seconds": row.duration_seconds,
        "timezone": row.timezone,
        "rrule": row.rrule,
        "announce_before": list(row.announce_before),
        "channel_ids": chosen,
        "audience": dict(row.audience),
        "silence_all": row.silence_all,
        "finish_when_up": row.finish_when_up,
        "key": row.key,
        "revision": row.revision,
    }


def following_fields(
    session: Session, occurrence_id: int, *, actor: Actor | None
) -> dict[str, Any]:
    """The same for one time of a series and all that follow: its start, and what is left of COUNT.

    Raises:
        NotFound: there is none, or it is not for this person.
    """
    found = session.get(DowntimeOccurrence, occurrence_id) if is_id(occurrence_id) else None
    if found is None:
        raise NotFound("this downtime does not exist")
    fields = downtime_fields(session, found.downtime_id, actor=actor)
    schedule = schedule_of(session.get_one(Downtime, found.downtime_id))
    local = local_time(found.slot_at, schedule.timezone)
    if not has_hours(schedule):  # where the clocks skip it, the series keeps its own
        local = local.replace(hour=schedule.starts_local.hour, minute=schedule.starts_local.minute)
    behind = len(schedule.between(BEGINNING, found.slot_at))
    rule = rule_from(schedule.rule, behind) if schedule.rule else ""
    return {**fields, "starts_at": local.isoformat(), "rrule": rule}


def preview(
    session: Session,
    schedule: Schedule,
    service_ids: Iterable[int],
    *,
    reader_timezone: str,
    now: datetime,
    but: int = 0,
) -> tuple[PreviewView, ...]:
    """The next ten occurrences from ``now`` on; overlaps leave out the downtime ``but``."""
    periods = [schedule.period(each) for each in schedule.following(now, MOST_SHOWN)]
    if not periods:
        return ()
    others = _others(session, service_ids, periods, but)
    return tuple(_previewed(schedule, each, reader_timezone, others) for each in periods)


def _others(
    session: Session, service_ids: Iterable[int], periods: list[Period], but: int
) -> list[tuple[str, datetime, datetime]]:
    rows = session.execute(
        select(downtime.title, occurrence.starts_at, occurrence.ends_at)
        .select_from(OCCURRENCES)
        .join(DOWNTIMES, downtime.id == occurrence.downtime_id)
        .where(COUNTS, downtime.id.in_(covering(service_ids)), downtime.id != but)
        .where(occurrence.ends_at > periods[0].began_at)
        .where(occurrence.starts_at < periods[-1].ended_at)
    )
    found = [(title, begin, end) for title, begin, end in rows]
    series = (
        select(Downtime)
        .where(downtime.id.in_(covering(service_ids)), downtime.id != but, downtime.rrule != "")
        .where(downtime.cancelled_at.is_(None), downtime.occurs_until < periods[-1].ended_at)
        .limit(MOST_SERIES)
    )
    for row in session.scalars(series):  # what is not stored yet
        schedule = schedule_of(row)
        begin = max(row.occurs_until, periods[0].began_at - schedule.length)
        for slot_at in schedule.between(begin, periods[-1].ended_at, MOST_COMPARED):
            found.append((row.title, *schedule.period(slot_at)))
    return found


def _previewed(
    schedule: Schedule,
    period: Period,
    reader_timezone: str,
    others: Iterable[tuple[str, datetime, datetime]],
) -> PreviewView:
    begin, end = period
    slot = local_time(begin, schedule.timezone)
    wanted = slot.replace(hour=schedule.starts_local.hour, minute=schedule.starts_local.minute)
    return PreviewView(
        begin,
        end,
        span_in_words(period, schedule.timezone),
        span_in_words(period, reader_timezone),
        what_is_odd(slot if has_hours(schedule) else wanted, schedule.timezone),
        tuple(dict.fromkeys(title for title, *at in others if at[0] < end and begin < at[1])),
    )


def has_hours(schedule: Schedule) -> bool:
    """Whether the rule itself says at what time of day."""
    return "BYHOUR" in schedule.rule or "BYMINUTE" in schedule.rule


def span_in_words(period: Period, timezone: str) -> str:
    """``Tue 1 Dec 2026 22:00 – 22:45 GMT``."""
    begin, end = (each.astimezone(ZoneInfo(timezone)) for each in period)
    day = "" if end.date() == begin.date() else f"{end:%a} {end.day} {end:%b} "
    return f"{begin:%a} {begin.day} {begin:%b %Y %H:%M} – {day}{end:%H:%M %Z}"
