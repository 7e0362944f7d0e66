"""Create, change, switch and delete channels. Only admins may: a channel speaks for everybody.

Nothing is sent here; the worker sends.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlmodel import Session, col, select, update

from webmon import crypto
from webmon.commands.accounts.activity import noted
from webmon.commands.locks import hold
from webmon.commands.networks import is_limited, require_reachable
from webmon.commands.notifications import leases, missed_recoveries
from webmon.commands.typed_secrets import require_confirmed_for_secrets
from webmon.commands.validation import Fields, Name, both, merged, require_revision, validated
from webmon.domain.accounts.access import Actor, Role, require, require_theirs
from webmon.domain.ids import LARGEST_ID, is_id
from webmon.domain.notifications.news import CHOOSABLE, DEFAULT_EVENTS, Event
from webmon.errors import Invalid, NotFound, PermissionDenied, joined
from webmon.models import Channel, ChannelState, Namespace, Notification
from webmon.models.notifications import Delivery
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierConfig

SHORTEST_REMINDER_SECONDS = 10
LONGEST_REMINDER_SECONDS = 30 * 24 * 3600


def _chosen(events: list[str]) -> list[str]:
    """The events in their one order, so that the same choice is always stored alike."""
    if unknown := [each for each in events if each not in CHOOSABLE]:
        raise ValueError(f"there is no event {unknown[0]}; known are {', '.join(CHOOSABLE)}")
    if not events:
        raise ValueError("choose at least one; a channel can also be switched off")
    return [event.value for event in CHOOSABLE if event in events]


def _reminder(seconds: int) -> int:
    if not SHORTEST_REMINDER_SECONDS <= seconds <= LONGEST_REMINDER_SECONDS:
        raise ValueError("must be between 10 s and 30 d")
    return seconds


class ChannelFields(Fields):
    """The settings of a channel; ``config`` is checked by its kind's own model."""

    name: Name
    kind: str
    namespace_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    """None for news of every namespace."""
    events: Annotated[list[str], AfterValidator(_chosen)] = Field(default=[*DEFAULT_EVENTS])
    reminder_every_seconds: Annotated[int, AfterValidator(_reminder)] = 4 * 3600
    enabled: bool = True
    config: dict[str, Any] = Field(default={})


@noted("channel", "added")
def create_channel(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> Channel:
    """Create a channel; it is told what happens from now on.

    Raises:
        Invalid: a field is wrong, or the name is taken.
        PermissionDenied: the actor may not, or not in that namespace.
    """
    wanted, columns = _judged(fields)
    _require_admin(actor, wanted.namespace_id)
    _require_namespace(session, wanted.namespace_id)
    require_confirmed_for_secrets(columns["config"], None, actor=actor, now=now)
    _require_free_name(session, wanted.name, actor)
    limited = is_limited(actor)
    _require_reachable(session, wanted.namespace_id, columns, limited)
    channel = Channel(**columns, limited=limited, created_at=now)
    session.add(channel)
    session.flush()
    return channel


@noted("channel", "changed")
def update_channel(
    session: Session,
    channel_id: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    revision: int | None = None,
) -> Channel:
    """Give a channel new fields. A field that is left out gets its default; ``enabled``, and the
    name of the administrators' channel, stay as they are.

    With another config, or switched on again, the channel is tried at once, even if it had stopped.
    ``revision`` is the one that the fields are based on, where somebody edited them.

    Raises:
        Invalid, NotFound, PermissionDenied.
        Conflict: somebody else saved it since.
    """
    channel = find_channel(session, channel_id, actor=actor, lock=True)
    kept: dict[str, Any] = {"enabled": channel.enabled}
    if channel.built_in:
        kept |= {"name": channel.name, "kind": channel.kind}
    if channel.built_in:
        wanted = validated(ChannelFields, {**kept, **fields})
        _require_allowed_of_built_in(channel, wanted)
        columns = wanted.model_dump(include={"events", "reminder_every_seconds"})
    else:
        wanted, columns = _judged({**kept, **fields}, stored=channel)
        _require_admin(actor, wanted.namespace_id)
        _require_namespace(session, wanted.namespace_id)
        if wanted.name != channel.name:
            _require_free_name(session, wanted.name, actor)
    _require_revision(channel, revision, columns)
    sends_differently = _sends_differently(channel, columns)
    if "config" in columns and _has_other_config(channel, columns):
        require_confirmed_for_secrets(columns["config"], channel.config, actor=actor, now=now)
        channel.limited = is_limited(actor)
        _require_reachable(session, columns["namespace_id"], columns, channel.limited)
    reminded = channel.events, channel.reminder_every_seconds
    if "config" in columns and not _has_other_config(channel, columns):
        del columns["config"]  # the same secret encrypts differently each time
    channel.sqlmodel_update(columns)
    if session.is_modified(channel):
        channel.revision += 1
    session.flush()
    if sends_differently:
        _retry_now(session, channel.id, now)
    if (channel.events, channel.reminder_every_seconds) != reminded:
        _reschedule_reminders(session, channel, now)
    return channel


@noted("channel", "changed")
def switch_channel(
    session: Session,
    channel_id: int,
    enabled: bool,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Switch a channel on or off. What happens while it is off is not sent later.

    Raises:
        Invalid: it is the one of the administrators.
        NotFound, PermissionDenied.
    """
    channel = find_channel(session, channel_id, actor=actor, lock=True)
    if channel.built_in and not enabled:
        raise Invalid(f"{channel.name} cannot be switched off: someone must always be notified")
    if channel.enabled is enabled:
        return
    channel.enabled = enabled
    session.flush()
    if enabled:
        _retry_now(session, channel.id, now)


@noted("channel", "tried again", always=True)
def try_channel_again(
    session: Session,
    channel_id: int,
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Retry a channel that waits or has stopped now, with everything queued or failed.

    Raises:
        NotFound, PermissionDenied.
    """
    _retry_now(session, find_channel(session, channel_id, actor=actor).id, now)


@noted("channel", "deleted")
def delete_channel(
    session: Session,
    channel_id: int,
    *,
    actor: Actor | None,
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> None:
    """Delete a channel with all its notifications.

    Raises:
        Invalid: it is the one of the administrators.
        NotFound, PermissionDenied.
    """
    channel = find_channel(session, channel_id, actor=actor)
    if channel.built_in:
        raise Invalid(f"{channel.name} cannot be deleted: someone must always be notified")
    leases.lock_channels(session, [channel_id])
    session.delete(channel)
    session.flush()


def find_channel(
    session: Session, channel_id: int, *, actor: Actor | None, lock: bool = False
) -> Channel:
    """The channel, if the actor may change it; with ``lock``, locked against other changes.

    Raises:
        NotFound, PermissionDenied.
    """
    how: dict[str, Any] = {}
    if lock and is_id(channel_id):
        leases.lock_channels(session, [channel_id])  # in the order in which deleting locks
        how = {"populate_existing": True, "with_for_update": {"key_share": True}}
    channel = session.get(Channel, channel_id, **how) if is_id(channel_id) else None
    if channel is None:
        raise NotFound("this channel does not exist")
    require_theirs(actor, Role.ADMIN, channel.namespace_id, "channel")
    _require_admin(actor, channel.namespace_id)
    return channel


def complete(fields: Mapping[str, Any], *, built_in: bool = False) -> dict[str, Any]:
    """``fields`` with every default filled in, as they would be stored, secrets in the clear.

    The config of the ``built_in`` channel is empty, and not checked.

    Raises:
        Invalid: a field is wrong.
    """
    if built_in:
        return validated(ChannelFields, fields).model_dump()
    _, columns = _judged(fields)
    return {**columns, "config": crypto.unseal(columns["config"])}


def _judged(
    fields: Mapping[str, Any], *, stored: Channel | None = None
) -> tuple[ChannelFields, dict[str, Any]]:
    """The wanted fields, and the columns of `Channel` for them, the config's secrets encrypted."""
    wanted, config = both(lambda: validated(ChannelFields, fields), lambda: _config(fields, stored))
    return wanted, {**wanted.model_dump(), "config": crypto.seal(config)}


def _config(fields: Mapping[str, Any], stored: Channel | None) -> NotifierConfig:
    name, typed = str(fields.get("kind", "")).strip(), fields.get("config", {})
    kind = NOTIFIERS.get(name)
    if kind is None:
        raise Invalid(f"there is no kind {name}; known are {', '.join(NOTIFIERS)}", "kind")
    kept = crypto.unseal(stored.config) if stored is not None and stored.kind == name else {}
    wanted = merged(typed if isinstance(typed, Mapping) else {}, kept)
    config = validated(kind.config, wanted, within="config")
    missing = [each for each in kind.required if not getattr(config, each)]
    if missing:
        raise joined([Invalid("is required", f"config.{each}") for each in missing])
    return config


def _require_allowed_of_built_in(channel: Channel, wanted: ChannelFields) -> None:
    """Of the administrators' channel, only events and reminders can be chosen."""
    if not wanted.enabled:
        raise Invalid("this channel cannot be switched off", "enabled")
    if wanted.namespace_id is not None:
        raise Invalid("this channel receives every namespace", "namespace_id")
    for field in ("name", "kind"):
        if getattr(wanted, field) != getattr(channel, field):
            raise Invalid(f"must stay {getattr(channel, field)}", field)
    if wanted.config:
        raise Invalid("must stay empty: this channel writes to all administrators", "config")
    if Event.DOWN not in wanted.events:
        raise Invalid("must include down: someone must always be notified", "events")


def _require_revision(channel: Channel, revision: int | None, columns: Mapping[str, Any]) -> None:
    stored = channel.model_dump() | {"config": crypto.unseal(channel.config)}
    wanted = {name: crypto.unseal(value) for name, value in columns.items()}
    require_revision("channel", revision, channel.revision, stored, wanted)


def _require_reachable(
    session: Session, namespace_id: int | None, columns: Mapping[str, Any], limited: bool
) -> None:
    config = NOTIFIERS[columns["kind"]].config.model_validate(crypto.unseal(columns["config"]))
    places = {f"config.{name}": host for name, host in config.places.items()}
    require_reachable(session, namespace_id, places, limited=limited)


def _require_admin(actor: Actor | None, namespace_id: int | None) -> None:
    """Only an admin of all namespaces may change a channel that is for all of them."""
    if actor is None:
        return
    require(actor, Role.ADMIN, namespace_id)
    if namespace_id is None and actor.namespace_ids is not None:
        raise PermissionDenied("this needs access to all namespaces")


def _require_namespace(session: Session, namespace_id: int | None) -> None:
    """It exists, and stays until the transaction ends."""
    if namespace_id is not None and hold(session, Namespace, namespace_id) is None:
        raise Invalid("this namespace does not exist", "namespace_id")


def _require_free_name(session: Session, name: str, actor: Actor | None) -> None:
    """A name is taken once for all namespaces; what is not the actor's is not named."""
    taken = session.exec(select(Channel).where(Channel.name == name)).first()
    if taken is None:
        return
    if actor is None or taken.namespace_id is None or actor.sees(taken.namespace_id):
        raise Invalid(f"there is a channel {name} already", "name")
    raise Invalid("this name cannot be used here: choose another one", "name")


def _sends_differently(channel: Channel, wanted: Mapping[str, Any]) -> bool:
    """Whether kind, config or ``enabled`` change what is sent. Configs are compared decrypted: the
    same secret encrypts differently each time."""
    if wanted.get("enabled", channel.enabled) and not channel.enabled:
        return True
    return _has_other_config(channel, wanted)


def _has_other_config(channel: Channel, wanted: Mapping[str, Any]) -> bool:
    if wanted.get("kind", channel.kind) != channel.kind:
        return True
    config = wanted.get("config", channel.config)
    return bool(crypto.unseal(config) != crypto.unseal(channel.config))


def _retry_now(session: Session, channel_id: int, now: datetime) -> None:
    """Forget that sending failed, and send now what failed: outages that last as reminders,
    recoveries as they were.

    Writes only these columns of the state: a worker may be writing the others.
    """
    session.execute(
        update(ChannelState)
        .where(col(ChannelState.channel_id) == channel_id)
        .values(failures=0, next_try_at=None, stopped_at=None)
        .execution_options(synchronize_session=False)
    )
    failed = session.exec(
        select(Notification)
        .where(Notification.channel_id == channel_id, col(Notification.is_open))
        .where(Notification.delivery == Delivery.FAILED, col(Notification.remind_at).is_not(None))
        .order_by(col(Notification.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for each in failed:
        each.remind_at = now
    session.flush()
    missed_recoveries.requeue(session, channel_id, now=now)


def _reschedule_reminders(session: Session, channel: Channel, now: datetime) -> None:
    """Move the coming reminders to the channel's new interval, or drop them."""
    told = session.exec(
        select(Notification)
        .where(Notification.channel_id == channel.id, col(Notification.is_open))
        .where(Notification.delivery == Delivery.SENT)
        .where(col(Notification.event).in_((Event.DOWN, Event.REMINDER)))
        .order_by(col(Notification.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    wanted = Event.REMINDER in channel.events
    every = timedelta(seconds=channel.reminder_every_seconds)
    for each in told:
        each.remind_at = min(each.sent_at, now) + every if wanted and each.sent_at else None
    session.flush()
