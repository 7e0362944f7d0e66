"""Whether the work is really done: checks are recorded, and messages are sent."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from webmon.domain.durations import in_words
from webmon.models import Channel, ChannelState, Notification, Service, ServiceState
from webmon.models.columns import table
from webmon.probes import PROBES
from webmon.queries.system.health import offline_since

service, state = table(Service).c, table(ServiceState).c
channel, sending = table(Channel).c, table(ChannelState).c
told = table(Notification).c

LATE = timedelta(minutes=2)
"""So much later than planned, the newest result and the first check that is due may be."""

UNSENT = timedelta(minutes=5)
"""So long a message may wait for a channel that works."""

LOOKED_AT = [name for name, kind in PROBES.items() if not kind.receives]


def what_stands_still(session: Session, *, now: datetime) -> dict[str, str]:
    """What is not done although it should be, a sentence each; empty when all is well.

    The keys are ``recording``, ``sending`` and ``connectivity``. What a channel itself refuses is
    shown with the channel, and is none of these.
    """
    since = offline_since(session)
    found = {
        "recording": _recording(session, now),
        "sending": _sending(session, now),
        "connectivity": f"offline since {since:%Y-%m-%d %H:%M} UTC" if since else "",
    }
    return {part: text for part, text in found.items() if text}


def _recording(session: Session, now: datetime) -> str:
    looked_at = select(
        func.min(service.interval_seconds),
        func.max(state.last_checked_at),
        func.min(state.next_check_at),
        func.min(service.created_at),
    ).join(table(ServiceState), state.service_id == service.id)
    shortest, newest, due_at, begun_at = session.execute(
        looked_at.where(service.paused.is_(False), service.kind.in_(LOOKED_AT))
    ).one()
    if shortest is None:
        return ""  # there is nothing to look at
    if due_at is not None and due_at < now - LATE:
        return f"checks are late by {in_words((now - due_at).total_seconds())}"
    if (newest or begun_at) < now - timedelta(seconds=shortest) - LATE:
        return "no result has been recorded lately"
    return ""


def _sending(session: Session, now: datetime) -> str:
    waiting = session.scalar(
        select(func.min(told.ready_at))
        .join(table(Channel), channel.id == told.channel_id)
        .join(table(ChannelState), sending.channel_id == channel.id, isouter=True)
        .where(
            told.ready_at < now - UNSENT,
            channel.enabled,
            func.coalesce(sending.failures, 0) == 0,
            sending.stopped_at.is_(None),
        )
    )
    if waiting is None:
        return ""
    return f"a message has waited for {in_words((now - waiting).total_seconds())}"
