"""Which passes of a worker would find something to do: one statement, where they need fifteen.

Most of the time there is nothing. What is asked here is what each pass looks for first, or a
little more: a pass that is begun for nothing does nothing.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlmodel import Session

from webmon.commands.downtimes.life import FILL_AGAIN
from webmon.domain.downtimes.life_cycle import ASK_BEFORE, State
from webmon.domain.notifications.grouping import WAIT
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import QUIET
from webmon.models import (
    Deleted,
    Downtime,
    DowntimeOccurrence,
    Letter,
    Mute,
    Notification,
    Service,
    Trial,
)
from webmon.models.columns import table
from webmon.models.deferred_mails import DeferredMail


class DueWork(NamedTuple):
    """What there is to do for each of the worker's passes."""

    trials: bool
    follow_ups: bool
    """Pauses that are over, deletions that it is too late to undo, news that was held back,
    reminders, the end of flapping, and mutes."""
    downtimes: bool
    letters: bool
    """Those to single people, and mails to recipients who were put off."""


news, occurrence, plan = table(Notification).c, table(DowntimeOccurrence).c, table(Downtime).c
deleted = table(Deleted).c
present: Any = bindparam("present")

DUE = select(
    exists(table(Trial).c.id),
    exists().where((deleted.until_at <= present) | (deleted.deleted_at > present))
    | exists().where(table(Service).c.paused_until <= present)
    | exists().where(news.is_open, news.is_muted)
    | exists().where(news.is_open, news.remind_at <= bindparam("remind"))
    | exists().where(
        news.is_open, news.event == Event.FLAPPING, news.created_at <= bindparam("quiet")
    )
    | exists().where(table(Mute).c.ended_at.is_(None)),
    exists().where(occurrence.next_step_at <= bindparam("ask"))
    | exists().where(
        plan.finish_when_up.is_not(None),
        occurrence.downtime_id == plan.id,
        occurrence.state == State.STARTED,
        occurrence.ends_at > present,
    )
    | exists().where(plan.cancelled_at.is_(None), plan.occurs_until < bindparam("fill")),
    exists().where(table(Letter).c.ready_at <= present) | exists(table(DeferredMail).c.id),
)
"""Built once: it is asked every second."""


def due_work(session: Session, *, now: datetime) -> DueWork:
    """What there is to do at ``now``."""
    limits = {
        "present": now,
        "remind": now + WAIT,
        "quiet": now - QUIET,
        "ask": now + ASK_BEFORE,
        "fill": now + FILL_AGAIN,
    }
    return DueWork(*session.execute(DUE, limits).one())
