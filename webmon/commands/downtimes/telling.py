"""Queue what channels are told of planned downtime, in the transaction that stores the step."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webmon import config
from webmon.commands.notifications.holds import why_not_theirs
from webmon.commands.notifications.outbox import (
    Batch,
    hold_back,
    load_last_words,
    row,
)
from webmon.commands.notifications.subjects import (
    SWITCHED_OFF,
    ChannelRules,
    Subject,
    load_channels,
    load_subjects,
)
from webmon.domain.checks.status import Status
from webmon.domain.downtimes.life_cycle import Audience, Step
from webmon.domain.downtimes.wording import Told, question, still_down, text_of
from webmon.domain.history.uptime import Period
from webmon.domain.notifications.news import Event, News
from webmon.domain.notifications.rules import Decision
from webmon.models import (
    Downtime,
    DowntimeChannel,
    DowntimeOccurrence,
    DowntimeStep,
    Namespace,
)
from webmon.notifiers import NOTIFIERS
from webmon.queries.downtimes.listing import cause_of
from webmon.queries.downtimes.scopes import Covered, in_words, scopes
from webmon.queries.downtimes.windows import covered_services, windows_at

PAGE_ONLY = "this step is for the public page only"
NOT_PUBLIC = "this step is not for public channels"
ASKED = ("email", "slack")
"""The kinds of channels that ask the owner."""

ALL_PRIVATE = "nothing in its scope is public, but this channel is"

IN_CALENDARS = (Step.ANNOUNCED, Step.RESCHEDULED, Step.EXTENDED, Step.CANCELLED)
"""What changes a calendar: an e-mail that tells it brings the calendar file."""

BEFORE_THE_START = (Step.ANNOUNCED, Step.REMINDED)
WHILE_IT_LASTS = (Step.RESCHEDULED, Step.STARTED, Step.EXTENDED)


def tell_step(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    taken: DowntimeStep,
    *,
    now: datetime,
) -> None:
    """Queue a step for every channel that is for the namespace and wants planned downtime."""
    covered = scopes(session, [downtime.id])[downtime.id]
    public = [each for each in covered if each.public]
    texts = {
        is_public: text_of(taken.step, _told(downtime, occurrence, taken, members))
        for is_public, members in ((True, public), (False, covered))
    }
    expires_at = _expires_at(occurrence, taken.step)
    why_public = "" if public else ALL_PRIVATE
    _queue(session, downtime, taken, texts, why_public=why_public, expires_at=expires_at, now=now)


def _queue(
    session: Session,
    downtime: Downtime,
    taken: DowntimeStep,
    texts: dict[bool, str],
    *,
    why_public: str,
    now: datetime,
    expires_at: datetime | None = None,
    but: Iterable[int] = (),
) -> None:
    """``texts`` are those for public channels (True) and for the others; ``but`` are left out."""
    news = {
        key: replace(
            _news(session, downtime, taken, text, expires_at),
            calendar_of=downtime.id if taken.step in IN_CALENDARS else 0,
        )
        for key, text in texts.items()
    }
    chosen = _chosen(session, downtime)
    batch = Batch(now)
    for channel in load_channels(session):
        if not _is_meant(channel, downtime) or channel.id in but:
            continue
        if chosen is not None and channel.id not in chosen:
            continue
        is_public = is_for_everybody(channel)
        reason = _why_not(downtime, taken.step, channel) or (why_public if is_public else "")
        batch.add(
            channel.id,
            news[is_public],
            Decision(Event.DOWNTIME, reason),
            cause=cause_of(taken.id),
            namespace_id=downtime.namespace_id,
            ready_at=now,
        )
    batch.store(session)


def _is_meant(channel: ChannelRules, downtime: Downtime) -> bool:
    return Event.DOWNTIME in channel.wants and channel.is_for(downtime.namespace_id)


def is_for_everybody(channel: ChannelRules) -> bool:
    """Whether anyone can read the channel."""
    kind = NOTIFIERS.get(channel.kind)
    return kind is not None and kind.is_public


def _why_not(downtime: Downtime, step: Step, channel: ChannelRules) -> str:
    audience = Audience(downtime.audience.get(step.value, Audience.EVERYONE))
    if audience is Audience.PAGE:
        return PAGE_ONLY
    if audience is Audience.PRIVATE and is_for_everybody(channel):
        return NOT_PUBLIC
    return "" if channel.enabled else SWITCHED_OFF


def _chosen(session: Session, downtime: Downtime) -> set[int] | None:
    """The channels that were chosen; None for all."""
    if not downtime.channels_chosen:
        return None
    mine = col(DowntimeChannel.downtime_id) == downtime.id
    return set(session.exec(select(DowntimeChannel.channel_id).where(mine)))


def _told(
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    taken: DowntimeStep | None,
    covered: Iterable[Covered],
) -> Told:
    detail: dict[str, Any] = (taken.detail if taken is not None else None) or {}
    before = None
    if "starts_before" in detail:
        before = Period(*map(datetime.fromisoformat, _both(detail)))
    return Told(
        title=occurrence.title or downtime.title,
        message=occurrence.message or downtime.message,
        scope=tuple(in_words([each]) for each in covered),
        period=Period(occurrence.starts_at, occurrence.ends_at),
        timezone=downtime.timezone,
        before=before,
        why=detail.get("why", ""),
    )


def _both(detail: dict[str, Any]) -> tuple[str, str]:
    return detail["starts_before"], detail["ends_before"]


def _expires_at(occurrence: DowntimeOccurrence, step: Step) -> datetime | None:
    if step in BEFORE_THE_START:
        return occurrence.starts_at
    return occurrence.ends_at if step in WHILE_IT_LASTS else None


def _news(
    session: Session,
    downtime: Downtime,
    taken: DowntimeStep,
    text: str,
    expires_at: datetime | None,
) -> News:
    namespace = session.get_one(Namespace, downtime.namespace_id)
    return News(
        Event.DOWNTIME,
        taken.at,
        namespace=namespace.slug,
        namespace_name=namespace.name,
        message=text,
        planned_downtime=True,
        expires_at=expires_at,
        occurrence=taken.occurrence_id,
    )


def silence_queued(session: Session, downtime: Downtime, *, now: datetime) -> None:
    """Hold back what is queued about services in scope, for the channels that are quiet now.

    Their states are locked already.
    """
    covered = covered_services(session, [downtime.id])[downtime.id]
    last_words = load_last_words(session, covered)
    if not last_words:
        return
    quiet = {
        channel.id
        for channel in load_channels(session)
        if downtime.silence_all
        or ((kind := NOTIFIERS.get(channel.kind)) is not None and kind.is_quiet_in_downtime)
    }
    waiting = [
        each for (channel_id, _), rows in last_words.items() if channel_id in quiet for each in rows
    ]
    hold_back(session, waiting, f"planned downtime: {downtime.title}", now=now)


def down_now(
    session: Session, downtime: Downtime, *, since: datetime | None = None
) -> list[Subject]:
    """The services in scope that are down; with ``since``, those that have gone down since then."""
    covered = covered_services(session, [downtime.id])[downtime.id]
    subjects = load_subjects(session, covered).values() if covered else ()
    found = [
        each
        for each in subjects
        if each.status is Status.DOWN
        and (since is None or (each.down_since is not None and each.down_since >= since))
    ]
    return sorted(found, key=lambda each: (each.host.casefold(), each.service.casefold()))


def tell_still_down(
    session: Session,
    downtime: Downtime,
    taken: DowntimeStep,
    subjects: Iterable[Subject],
    *,
    now: datetime,
) -> None:
    """Tell the channels that it is still down; except those that get the outage itself now.

    Their news of it was held back (`follow_ups.tell_unmuted`).
    """
    subjects = list(subjects)
    held = session.exec(
        select(row.channel_id)
        .where(row.is_open, row.is_muted)
        .where(row.service_id.in_([each.service_id for each in subjects]))
    )
    but = set(held)
    public = [each for each in subjects if each.public]
    texts = {
        is_public: still_down(tuple(_name(each) for each in members))
        for is_public, members in ((True, public), (False, subjects))
    }
    why_public = "" if public else ALL_PRIVATE
    _queue(session, downtime, taken, texts, why_public=why_public, now=now, but=but)


def no_longer_planned(
    session: Session, subjects: Iterable[Subject], now: datetime
) -> list[Subject]:
    """Those that no planned downtime covers any more."""
    subjects = list(subjects)
    planned = windows_at(session, now, [each.service_id for each in subjects])
    return [each for each in subjects if each.service_id not in planned]


def ask_owner(
    session: Session,
    downtime: Downtime,
    occurrence: DowntimeOccurrence,
    taken: DowntimeStep,
    subjects: Iterable[Subject],
    *,
    now: datetime,
) -> None:
    """Ask who has planned it, and the private channels of the namespace, what shall be done."""
    subjects = list(subjects)
    told = _told(downtime, occurrence, None, ())
    address = f"{config.settings().public_url}/admin/downtime/?time={occurrence.id}"
    text = question(told, tuple(_name(each) for each in subjects), address)
    news = _news(session, downtime, taken, text, occurrence.ends_at)
    batch = Batch(now)
    for channel in load_channels(session):
        if is_for_everybody(channel) or not channel.enabled or not _is_meant(channel, downtime):
            continue
        if channel.kind not in ASKED and not channel.built_in:
            continue
        if any(why_not_theirs(channel, each) for each in subjects):
            continue
        batch.add(
            channel.id,
            replace(news, only_to=downtime.created_by or "") if channel.built_in else news,
            Decision(Event.DOWNTIME),
            cause=cause_of(taken.id),
            namespace_id=downtime.namespace_id,
            ready_at=now,
        )
    batch.store(session)


def _name(subject: Subject) -> str:
    return f"{subject.host} – {subject.service}"
