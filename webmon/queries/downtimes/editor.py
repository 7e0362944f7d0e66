"""What the editor of a downtime shows: its fields as they are, and a preview of what they mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from webmon.domain.access import Actor
from webmon.domain.downtimes.recurrence import Schedule, local_time, what_is_odd
from webmon.domain.ids import is_id
from webmon.domain.uptime import Period
from webmon.errors import NotFound
from webmon.models import Downtime, DowntimeChannel
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
)

MOST_SHOWN = 10
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
    return [(title, begin, end) for title, begin, end in rows]


def _previewed(
    schedule: Schedule,
    period: Period,
    reader_timezone: str,
    others: Iterable[tuple[str, datetime, datetime]],
) -> PreviewView:
    begin, end = period
    slot = local_time(begin, schedule.timezone)
    wanted = slot.replace(hour=schedule.starts_local.hour, minute=schedule.starts_local.minute)
    has_hours = "BYHOUR" in schedule.rule or "BYMINUTE" in schedule.rule
    return PreviewView(
        begin,
        end,
        _span(period, schedule.timezone),
        _span(period, reader_timezone),
        what_is_odd(slot if has_hours else wanted, schedule.timezone),
        tuple(dict.fromkeys(title for title, *at in others if at[0] < end and begin < at[1])),
    )


def _span(period: Period, timezone: str) -> str:
    """``Tue 1 Dec 2026 22:00 – 22:45 GMT``."""
    begin, end = (each.astimezone(ZoneInfo(timezone)) for each in period)
    day = "" if end.date() == begin.date() else f"{end:%a} {end.day} {end:%b} "
    return f"{begin:%a} {begin.day} {begin:%b %Y %H:%M} – {day}{end:%H:%M %Z}"
