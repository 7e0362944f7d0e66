"""Where is told: the channels with how sending to them goes, and what their form shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import exists, func
from sqlmodel import Session, col, select

from webmon import config, crypto
from webmon.crypto import secret_paths, without_secrets
from webmon.domain.accounts.access import Actor, Role, require_theirs
from webmon.domain.checks.status import Status
from webmon.domain.durations import format_duration
from webmon.domain.ids import is_id
from webmon.domain.notifications.mails import MailKind
from webmon.domain.notifications.news import Event
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, ChannelState, Namespace, Notification
from webmon.notifiers import NOTIFIERS
from webmon.queries.notifications.mail_readers import unread
from webmon.queries.notifications.sent_counts import WARN_AT, sent_this_month
from webmon.queries.system.health import worker_ticks

EVENT_WORDS = {
    Event.DOWN: "down",
    Event.UP: "back online",
    Event.REMINDER: "reminder",
    Event.DEGRADED: "difficulties",
    Event.DOWNTIME: "planned downtime",
    Event.INCIDENT_UPDATE: "incident update",
    Event.ACKNOWLEDGED: "acknowledged",
    Event.FLAPPING: "flapping",
    Event.MONITOR: "about the monitor",
    Event.TEST: "test",
}

NO_MAIL_SERVER = (
    "No mail server is set, so no e-mail is sent. Set WEBMON_SMTP_URL, such as "
    "smtp://user:password@mail.example.org:587?starttls=true, and start web and worker again."
)

NOT_READ = (
    "Nobody gets its mail about {}: every admin does without it. Each of them chooses this in "
    "their profile."
)


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel. ``status`` is drawn like that of a service; ``why`` is a whole sentence."""

    id: int
    name: str
    kind: str
    namespace: str
    """Empty: told of every namespace."""
    events: str
    reminder: str
    status: str
    word: str
    why: str
    next_try_at: str
    """Empty where nothing waits for it."""
    waiting: int
    """How many pieces of news are queued."""
    budget: str
    is_budget_short: bool
    enabled: bool
    built_in: bool
    can_edit: bool
    can_send: bool


@dataclass(frozen=True, slots=True)
class ChannelsView:
    """The whole page."""

    who: str
    status: str
    """The worst of theirs."""
    headline: str
    can_add: bool
    worker_silent: bool
    namespaces: tuple[tuple[int, str], ...]
    """Id and name of those that the person looks after."""
    all_namespaces: bool
    """Whether the person looks after every one."""
    channels: tuple[ChannelView, ...]


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """A channel as its form shows it; of secrets, only which are set."""

    id: int
    fields: dict[str, Any]
    config: dict[str, Any]
    secrets: frozenset[str]
    built_in: bool


def admin_channels(session: Session, *, actor: Actor, now: datetime) -> ChannelsView:
    """The channels that ``actor`` sees: what does not get through stands first."""
    named = select(Namespace.id, Namespace.name).order_by(Namespace.name)
    namespaces = {row: name for row, name in session.exec(named) if actor.sees(row)}
    queued = _queued(session)
    rows = session.exec(
        select(Channel, ChannelState)
        .outerjoin(ChannelState, col(ChannelState.channel_id) == Channel.id)
        .order_by(col(Channel.built_in).desc(), Channel.name)
    ).all()
    views = [
        _view(
            session,
            row,
            state,
            actor,
            namespace=namespaces[row.namespace_id] if row.namespace_id else "",
            waiting=queued.get(row.id, 0),
            unread=unread(session, row.events, namespaces) if row.built_in else {},
            now=now,
        )
        for row, state in rows
        if row.namespace_id is None or row.namespace_id in namespaces
    ]
    views.sort(key=lambda each: RANK[each.status])
    return ChannelsView(
        f"{actor.email} · {actor.role.value}",
        *_headline(views),
        can_add=actor.has(Role.ADMIN),
        worker_silent=not worker_ticks(session, now=now),
        namespaces=tuple(namespaces.items()),
        all_namespaces=actor.namespace_ids is None,
        channels=tuple(views),
    )


REACHES_NOBODY = "reaches nobody"
RANK = {"down": 0, "degraded": 1, "up": 2, "unknown": 2, "paused": 3}


def _headline(views: Sequence[ChannelView]) -> tuple[str, str]:
    """The worst status, and the page's first line."""
    nobody = [each for each in views if each.word == REACHES_NOBODY]
    others = [each for each in views if each.word != REACHES_NOBODY]
    for status, found, one, several in (
        ("down", others, "1 channel cannot send", "{} channels cannot send"),
        ("degraded", others, "1 channel tries again", "{} channels try again"),
        ("degraded", nobody, "1 channel reaches nobody", "{} channels reach nobody"),
    ):
        if count := sum(each.status == status for each in found):
            return status, one if count == 1 else several.format(count)
    return "up", "All channels are ready"


def channel_form(session: Session, channel_id: int, *, actor: Actor) -> ChannelForm:
    """What somebody who may change the channel needs to do so.

    Raises:
        NotFound, PermissionDenied.
    """
    row = find_channel(session, channel_id, actor=actor, role=Role.ADMIN)
    return ChannelForm(
        id=row.id,
        fields=row.model_dump(exclude={"config"}),
        config=without_secrets(row.config),
        secrets=frozenset(secret_paths(row.config)),
        built_in=row.built_in,
    )


def find_channel(
    session: Session, channel_id: int, *, actor: Actor, role: Role, thing: str = "channel"
) -> Channel:
    """The channel, for somebody who has ``role`` where it belongs to.

    Everybody sees one for all namespaces; more than that is for who looks after all of them.

    Raises:
        NotFound, PermissionDenied.
    """
    row = session.get(Channel, channel_id) if is_id(channel_id) else None
    if row is None:
        raise NotFound("this channel does not exist")
    require_theirs(actor, role, row.namespace_id, thing)
    if role is not Role.VIEWER and not may(actor, role, row):
        raise PermissionDenied("this needs access to all namespaces")
    return row


def may(actor: Actor, role: Role, channel: Channel) -> bool:
    """Whether ``actor`` has ``role`` where the channel belongs to."""
    if channel.namespace_id is None:
        return actor.has(role) and actor.namespace_ids is None
    return actor.has(role) and actor.sees(channel.namespace_id)


def usable_config(kind: str, stored: Mapping[str, Any]) -> Any:
    """The config with its secrets in the clear, for the kind's own functions; None where it is
    none that they can use."""
    known = NOTIFIERS.get(kind)
    try:
        return known and known.config.model_validate(crypto.unseal(stored))
    except (ValidationError, Invalid):
        return None


@lru_cache(maxsize=1000)
def _read(kind: str, stored: str) -> tuple[bool, int | None]:
    """Whether a config (as JSON, secrets sealed) can be used, and the month's budget in it.

    Remembered, because the page asks every few seconds and nothing else changes the answer.
    """
    settings = usable_config(kind, json.loads(stored))
    if settings is None:
        return False, None
    return True, NOTIFIERS[kind].budget(settings)


def _view(
    session: Session,
    row: Channel,
    state: ChannelState | None,
    actor: Actor,
    *,
    namespace: str,
    waiting: int,
    unread: Mapping[MailKind, str],
    now: datetime,
) -> ChannelView:
    kind = NOTIFIERS.get(row.kind)
    is_usable, most = _read(row.kind, json.dumps(row.config))
    used = 0 if most is None else sent_this_month(session, row.id, now=now)
    left = None if most is None else most - used
    status, word, why = _condition(row, state, is_usable=is_usable, left=left)
    if status == Status.UP and not _has_sent(session, row.id):
        status, word = Status.UNKNOWN.value, "nothing sent yet"
    if unread and status in (Status.UP, Status.UNKNOWN):
        if MailKind.OUTAGES in unread:
            status, word = Status.DEGRADED.value, REACHES_NOBODY
        why = NOT_READ.format(", nor about ".join(unread.values()))
    reminded = Event.REMINDER in row.events
    return ChannelView(
        id=row.id,
        name=row.name,
        kind=kind.title if kind is not None else row.kind,
        namespace=namespace,
        events=", ".join(EVENT_WORDS[Event(each)] for each in row.events),
        reminder=f"every {format_duration(row.reminder_every_seconds)}" if reminded else "",
        status=status,
        word=word,
        why=why,
        next_try_at=_next_try(row, state) if waiting else "",
        waiting=waiting,
        budget=f"{used} of {most} posts this month" if most is not None else "",
        is_budget_short=most is not None and used >= WARN_AT * most,
        enabled=row.enabled,
        built_in=row.built_in,
        can_edit=may(actor, Role.ADMIN, row),
        can_send=may(actor, Role.EDITOR, row),
    )


def _condition(
    row: Channel, state: ChannelState | None, *, is_usable: bool, left: int | None
) -> tuple[str, str, str]:
    """Status, word and reason."""
    if not row.enabled:
        return "paused", "switched off", ""
    if row.kind == "email" and not config.settings().smtp_url.get_secret_value():
        return "down", "cannot send", NO_MAIL_SERVER
    if not is_usable:
        return "down", "cannot send", "Its settings cannot be used. Edit it and type them again."
    if left is not None and left <= 0:
        return "down", "stopped", "The monthly budget is used up."
    if state is None:
        return "unknown", "not used yet", ""
    if state.stopped_at is not None:
        return "down", "stopped", state.last_error
    if state.failures:
        return "degraded", "tries again", state.last_error
    return "up", "works", ""


def _has_sent(session: Session, channel_id: int) -> bool:
    """Whether anything ever got through: a test that fails leaves no other trace."""
    sent = exists().where(
        col(Notification.channel_id) == channel_id, col(Notification.sent_at).is_not(None)
    )
    return bool(session.scalar(select(sent)))


def _next_try(row: Channel, state: ChannelState | None) -> str:
    if state is None or not row.enabled or state.next_try_at is None:
        return ""
    return state.next_try_at.isoformat()


def _queued(session: Session) -> dict[int, int]:
    counted = (
        select(Notification.channel_id, func.count())
        .where(col(Notification.ready_at).is_not(None))
        .group_by(col(Notification.channel_id))
    )
    return dict(session.exec(counted).all())
