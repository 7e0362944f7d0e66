"""The monthly budget of a channel: counts the messages it has taken, warns, and enforces it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from webmon.commands.notifications.announcements import tell_monitor
from webmon.commands.notifications.leases import channel
from webmon.notifiers import NOTIFIERS, read_definition
from webmon.notifiers.base import NotifierError, any_number
from webmon.queries.notifications.sent_counts import WARN_AT, sent_this_month


def why_used_up(
    session: Session, channel_id: int, kind: str, config: Mapping[str, Any], *, now: datetime
) -> str:
    """Why nothing more may be sent this month; empty if something may."""
    most = _budget(kind, config)
    if most is None or sent_this_month(session, channel_id, now=now) < most:
        return ""
    return f"monthly budget of {most} posts is used up"


def watch(session: Session, channel_id: int, *, now: datetime) -> None:
    """Warn once a month when most of the budget is used, and once when all of it is. A changed
    budget is warned of again."""
    found = session.execute(
        select(channel.name, channel.kind, channel.config).where(channel.id == channel_id)
    ).first()
    most = _budget(found.kind, found.config) if found is not None else None
    if found is None or most is None:
        return
    used = sent_this_month(session, channel_id, now=now)
    if used < WARN_AT * most:
        return
    step = "used-up" if used >= most else "warning"
    text = f"The channel {found.name} has used {used} of its {most} posts of this month."
    if used >= most:
        text += " Nothing more is posted until next month."
    cause = f"channel:{channel_id}:budget:{now:%Y-%m}:{step}:{most}"
    tell_monitor(session, cause, text, now=now, about_channel=channel_id)


def _budget(kind: str, config: Mapping[str, Any]) -> int | None:
    if kind not in NOTIFIERS or NOTIFIERS[kind].budget is any_number:
        return None  # reading the config of another kind may load a library, in a transaction
    try:
        known, settings = read_definition(kind, config)
    except NotifierError:
        return None  # sending it will say what is wrong
    return known.budget(settings)
