"""Planned downtime for calendars and feeds."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import ColumnElement, Row, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from webmon.domain.downtimes.calendar import CalendarEntry, OtherTime, to_ics
from webmon.domain.downtimes.feed import FeedEntry
from webmon.domain.downtimes.life_cycle import State
from webmon.domain.history.uptime import Period
from webmon.models import Downtime, DowntimeOccurrence, Namespace
from webmon.models.columns import table
from webmon.queries.downtimes.public import state_at
from webmon.queries.downtimes.scopes import scopes
from webmon.queries.downtimes.windows import (
    DOWNTIMES,
    FIRST,
    OCCURRENCES,
    downtime,
    occurrence,
    schedule_of,
)

NAMESPACES = table(Namespace)
CALLED_OFF = (State.CANCELLED, State.SKIPPED)
KEPT = timedelta(days=30)
"""How long what is over, or was cancelled, stays."""


def public_calendar(
    session: Session, *, namespace: str = "", now: datetime
) -> tuple[CalendarEntry, ...]:
    """The downtime of public hosts: of all of them, or of one namespace (its slug)."""
    where = NAMESPACES.c.slug == namespace if namespace else true()
    return tuple(each for each in _entries(session, where, now, public=True) if each.hosts)


def calendar_of(session: Session, downtime_id: int, *, now: datetime) -> CalendarEntry | None:
    """One downtime with all its hosts, for those who are told of it; None where it is gone."""
    found = _entries(session, downtime.id == downtime_id, now, public=False)
    return next(iter(found), None)


def calendar_file(session: Session, downtime_id: int, *, url: str, now: datetime) -> bytes | None:
    """The same as a file to attach to a message; ``url`` is the page that shows it."""
    found = calendar_of(session, downtime_id, now=now)
    return None if found is None else to_ics([found], name=found.title, url=url, now=now)


def public_feed(session: Session, *, namespace: str = "", now: datetime) -> tuple[FeedEntry, ...]:
    """The times of the same that are to come, go on, or were over or cancelled within 30 days.

    Of a series only the next one to come is there, besides those that were announced.
    """
    rows = session.execute(
        select(
            *(occurrence.id, occurrence.downtime_id, occurrence.starts_at, occurrence.ends_at),
            *(occurrence.state, occurrence.title, occurrence.message, occurrence.announced),
            *(occurrence.changed_at, downtime.uid, downtime.created_at),
            downtime.rrule,
            downtime.title.label("downtime_title"),
            downtime.message.label("downtime_message"),
            NAMESPACES.c.slug,
        )
        .select_from(OCCURRENCES)
        .join(DOWNTIMES, downtime.id == occurrence.downtime_id)
        .join(NAMESPACES, NAMESPACES.c.id == downtime.namespace_id)
        .outerjoin(FIRST, FIRST.c.downtime_id == downtime.id)
        .where(NAMESPACES.c.slug == namespace if namespace else true())
        .where(occurrence.ends_at > now - KEPT)
        .where(occurrence.state != State.SKIPPED)
        .where(
            (occurrence.starts_at <= now)
            | occurrence.announced
            | (occurrence.state == State.CANCELLED)
            | (occurrence.starts_at == FIRST.c.first_at)
        )
        .order_by(occurrence.starts_at, occurrence.id),
        {"now": now},
    ).all()
    shown = [each for each in rows if _is_told(each, now)]
    hosts = _hosts(session, {each.downtime_id for each in shown}, public=True)
    entries = (_feed_entry(each, hosts[each.downtime_id], now) for each in shown)
    return tuple(each for each in entries if each.hosts)


def _is_told(row: Row[Any], now: datetime) -> bool:
    """Of what was cancelled, only what somebody may have seen, for 30 days."""
    if row.state is not State.CANCELLED:
        return True
    return bool(row.announced or not row.rrule) and row.changed_at > now - KEPT


def _feed_entry(row: Row[Any], hosts: tuple[str, ...], now: datetime) -> FeedEntry:
    is_cancelled = row.state is State.CANCELLED
    state = "cancelled" if is_cancelled else state_at(row.starts_at, row.ends_at, now)
    passed = [each for each in (row.starts_at, row.ends_at) if each <= now and not is_cancelled]
    return FeedEntry(
        key=uuid5(NAMESPACE_URL, f"{row.uid}/{row.id}").urn,
        title=row.title or row.downtime_title,
        message=row.message or row.downtime_message,
        namespace=row.slug,
        hosts=hosts,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=state,
        planned_at=row.created_at,
        changed_at=max([row.changed_at, *passed]),
    )


def _entries(
    session: Session, where: ColumnElement[bool], now: datetime, *, public: bool
) -> list[CalendarEntry]:
    rows = session.execute(
        select_rows(Downtime, Namespace.slug)
        .join(Namespace)
        .where(where)
        .where(downtime.cancelled_at.is_(None) | (downtime.cancelled_at > now - KEPT))
        .order_by(downtime.id)
    ).all()
    ids = [row.id for row, _ in rows]
    times: dict[int, list[DowntimeOccurrence]] = {key: [] for key in ids}
    for each in session.exec(
        select_rows(DowntimeOccurrence)
        .where(col(DowntimeOccurrence.downtime_id).in_(ids))
        .where(_is_special())
        .order_by(col(DowntimeOccurrence.slot_at))
    ):
        times[each.downtime_id].append(each)
    hosts = _hosts(session, set(ids), public=public)
    recent = _recent(session, ids, now)
    shown = ((row, slug) for row, slug in rows if row.id in recent)
    return [_entry(row, slug, times[row.id], hosts[row.id], now) for row, slug in shown]


def _recent(session: Session, ids: list[int], now: datetime) -> set[int]:
    """Those that a calendar still shows."""
    is_recent = (occurrence.ends_at > now - KEPT) | (occurrence.changed_at > now - KEPT)
    found = select(occurrence.downtime_id).where(occurrence.downtime_id.in_(ids), is_recent)
    return set(session.scalars(found.distinct()))


def _is_special() -> ColumnElement[bool]:
    """It is not what a rule says, or there is no rule."""
    once = occurrence.downtime_id.in_(select(downtime.id).where(downtime.rrule == ""))
    return once | occurrence.state.in_(CALLED_OFF) | occurrence.moved


def _entry(
    row: Downtime,
    slug: str,
    times: list[DowntimeOccurrence],
    hosts: tuple[str, ...],
    now: datetime,
) -> CalendarEntry:
    schedule = schedule_of(row)
    common: dict[str, Any] = {
        "uid": row.uid, "title": row.title, "message": row.message, "namespace": slug,
        "hosts": hosts, "schedule": schedule,
    }  # fmt: skip
    if not row.rrule:
        only = times[-1]
        return CalendarEntry(
            **common,
            period=Period(only.starts_at, only.ends_at),
            sequence=row.revision + only.sequence,
            changed_at=row.changed_at,
            cancelled=row.cancelled_at is not None or only.state is State.CANCELLED,
        )
    gone = [
        each.slot_at
        for each in times
        if each.state is State.SKIPPED
        or (each.state is State.CANCELLED and each.changed_at <= now - KEPT)
    ]
    others = tuple(
        _other(row, each)
        for each in times
        if each.slot_at not in gone and (each.moved or each.state in CALLED_OFF)
    )
    first = next(iter(schedule))
    return CalendarEntry(
        **common,
        period=schedule.period(first),
        sequence=row.revision,
        changed_at=row.changed_at,
        cancelled=row.cancelled_at is not None,
        skipped=tuple(gone),
        others=others,
    )


def _other(row: Downtime, each: DowntimeOccurrence) -> OtherTime:
    return OtherTime(
        each.slot_at,
        Period(each.starts_at, each.ends_at),
        each.title or row.title,
        each.message or row.message,
        each.state is State.CANCELLED,
        row.revision + each.sequence,
        each.changed_at,
    )


def _hosts(session: Session, downtime_ids: set[int], *, public: bool) -> dict[int, tuple[str, ...]]:
    return {
        key: tuple(dict.fromkeys(each.host for each in members if each.public or not public))
        for key, members in scopes(session, downtime_ids).items()
    }
