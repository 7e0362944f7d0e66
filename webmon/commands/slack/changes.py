"""Acknowledge, mute and plan from Slack; each returns the sentence that answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from webmon.commands.downtimes.plan import plan_downtime
from webmon.commands.downtimes.running import extend, finish
from webmon.commands.notifications.acknowledgements import acknowledge
from webmon.commands.notifications.mutes import mute_host, mute_service
from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.durations import in_words
from webmon.domain.slack.blocks import escaped
from webmon.domain.slack.times import parse_length, parse_when, shown
from webmon.domain.slack.words import Command
from webmon.errors import Invalid
from webmon.queries.slack import (
    Target,
    every_target,
    find_target,
    open_incidents,
    running_downtime,
    targets_of,
)

FROM_SLACK = "from Slack"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A downtime that waits for a click: what would be planned, and how it is said."""

    value: dict[str, Any]
    lines: tuple[str, ...]


def take(session: Session, command: Command, *, actor: Actor, now: datetime) -> str:
    """Acknowledge what is open at the target.

    Raises:
        Invalid: nothing is, or nothing is called so.
        PermissionDenied: the person may not.
    """
    target = find_target(session, actor.namespace_ids, command.target)
    return take_all(session, [target], actor=actor, now=now)


def take_all(session: Session, targets: Iterable[Target], *, actor: Actor, now: datetime) -> str:
    """Acknowledge what is open at these targets."""
    require(actor, Role.EDITOR)
    every = list(targets)
    ids = [key for each in every for key in open_incidents(session, each)]
    if not ids:
        raise Invalid("no incident is open there")
    count = acknowledge(session, ids, actor=actor, now=now)
    names = escaped(", ".join(each.name for each in every[:10]))
    if not count:
        return f"{names} was acknowledged before."
    return f"You have acknowledged {names}. No more reminders follow."


def mute(session: Session, command: Command, *, actor: Actor, now: datetime) -> str:
    """Mute the target for the command's length.

    Raises:
        Invalid, PermissionDenied: as `take`.
    """
    target = find_target(session, actor.namespace_ids, command.target)
    length = parse_length(command.length)
    reason = command.reason or FROM_SLACK
    return mute_all(session, [target], length, reason, actor=actor, now=now)


def mute_all(
    session: Session,
    targets: Iterable[Target],
    length: timedelta,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> str:
    """Mute these targets."""
    require(actor, Role.EDITOR)
    every, until_at = list(targets), now + length
    if not every:
        raise Invalid("it is no longer watched")
    for each in every:
        options: dict[str, Any] = {"reason": reason, "until_at": until_at, "now": now}
        if each.service_id is None:
            mute_host(session, each.host_id, actor=actor, **options)
        else:
            mute_service(session, each.service_id, actor=actor, **options)
    names = escaped(", ".join(each.name for each in every[:10]))
    until = shown(until_at, ZoneInfo(every[0].timezone))
    return f"{names} is muted until {until}: {escaped(reason)}."


def propose(session: Session, command: Command, *, actor: Actor, now: datetime) -> Proposal:
    """What a `plan` would do; nothing is planned before it is confirmed.

    It is planned and taken back: what would be refused after the click is refused here.

    Raises:
        Invalid: as `plan`, a time that is not understood, or nothing is called so.
        PermissionDenied: the person may not.
    """
    target = find_target(session, actor.namespace_ids, command.target)
    require(actor, Role.EDITOR, target.namespace_id)
    timezone = ZoneInfo(target.timezone)
    try:
        starts_at = parse_when(command.when, now=now, timezone=timezone)
        length = parse_length(command.length)
    except ValueError as error:
        raise Invalid(str(error)) from None
    value = {
        "title": command.title,
        "host": target.host_id,
        "service": target.service_id,
        "starts_at": starts_at.isoformat(timespec="seconds"),
        "seconds": int(length.total_seconds()),
    }
    with session.begin_nested() as trial:
        plan_downtime(session, _planned(value, target), actor=actor, now=now)
        trial.rollback()
    ends_at = starts_at + length
    lines = (
        f"*{escaped(command.title)}* at {escaped(target.name)}",
        f"from {shown(starts_at, timezone)}",
        f"until {shown(ends_at, timezone)}, {in_words(length.total_seconds())}",
    )
    return Proposal(value, lines)


def plan(session: Session, value: Mapping[str, Any], *, actor: Actor, now: datetime) -> str:
    """Plan what was confirmed.

    Raises:
        Invalid, PermissionDenied.
    """
    found = [each for each in every_target(session, actor.namespace_ids) if _is(each, value)]
    if not found:
        raise Invalid("it is no longer watched")
    plan_downtime(session, _planned(value, found[0]), actor=actor, now=now)
    starts_at = datetime.fromisoformat(str(value["starts_at"]))
    shown_at = shown(starts_at, ZoneInfo(found[0].timezone))
    return f"Planned: *{escaped(str(value['title']))}*, {shown_at}."


def _planned(value: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """The fields of the downtime that a proposal's ``value`` stands for."""
    starts_at = datetime.fromisoformat(str(value["starts_at"]))
    scope: dict[str, Any] = {"host_ids": [target.host_id]}
    if target.service_id is not None:
        scope = {"service_ids": [target.service_id]}
    return {
        **scope,
        "title": str(value["title"]),
        "namespace_id": target.namespace_id,
        "starts_at": f"{starts_at.astimezone(ZoneInfo(target.timezone)):%Y-%m-%dT%H:%M:%S}",
        "duration_seconds": int(value["seconds"]),
    }


def lengthen(session: Session, command: Command, *, actor: Actor, now: datetime) -> str:
    """Let the downtime that is going on at the target end later.

    Raises:
        Invalid, PermissionDenied.
    """
    target = find_target(session, actor.namespace_ids, command.target)
    occurrence = running_downtime(session, target.host_id)
    seconds = int(parse_length(command.length).total_seconds())
    found = extend(session, occurrence, seconds, actor=actor, now=now)
    until = shown(found.ends_at, ZoneInfo(target.timezone))
    return f"The downtime of {escaped(target.name)} lasts until {until}."


def end(session: Session, command: Command, *, actor: Actor, now: datetime) -> str:
    """End the downtime that is going on at the target.

    Raises:
        Invalid, PermissionDenied.
    """
    target = find_target(session, actor.namespace_ids, command.target)
    finish(session, running_downtime(session, target.host_id), actor=actor, now=now)
    return f"The downtime of {escaped(target.name)} is over."


def _is(target: Target, value: Mapping[str, Any]) -> bool:
    return (target.host_id, target.service_id) == (value.get("host"), value.get("service"))


def of_services(session: Session, services: Iterable[Any], actor: Actor) -> list[Target]:
    """The services that a button is about, as far as the person sees them."""
    return targets_of(session, actor.namespace_ids, [key for key in services if type(key) is int])
