"""Planned downtime, people and the activity, as the API shows them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.durations import format_duration
from webmon.models import (
    Activity,
    Channel,
    Downtime,
    DowntimeChannel,
    DowntimeHost,
    DowntimeService,
    Host,
    Namespace,
    Service,
    User,
    UserNamespace,
)
from webmon.models.columns import table
from webmon.queries.activity import within_sight
from webmon.queries.resources.kinds import in_namespace, instant
from webmon.queries.resources.pages import Listed

downtime, namespace, user = table(Downtime).c, table(Namespace).c, table(User).c
entry = table(Activity).c
SEPARATOR = "\n"
"""In no name."""


def _gathered(names: Any, *where: ColumnElement[bool]) -> Any:
    """The names, one a line."""
    return select(func.aggregate_strings(names, SEPARATOR)).where(*where).scalar_subquery()


OF_HOST = aliased(Host)
HOST_NAMES = _gathered(
    col(Host.name),
    col(DowntimeHost.host_id) == Host.id,
    col(DowntimeHost.downtime_id) == downtime.id,
)
SERVICE_NAMES = _gathered(
    col(OF_HOST.name) + literal("/") + col(Service.name),
    col(Service.host_id) == OF_HOST.id,
    col(DowntimeService.service_id) == Service.id,
    col(DowntimeService.downtime_id) == downtime.id,
)
CHANNEL_NAMES = _gathered(
    col(Channel.name),
    col(DowntimeChannel.channel_id) == Channel.id,
    col(DowntimeChannel.downtime_id) == downtime.id,
)
SLUGS = _gathered(
    col(Namespace.slug),
    col(UserNamespace.namespace_id) == Namespace.id,
    col(UserNamespace.user_id) == user.id,
)


def _names(text: str | None) -> list[str]:
    return sorted(text.split(SEPARATOR)) if text else []


def _downtime(row: Row[Any], actor: Actor) -> dict[str, Any]:  # noqa: ARG001 -- as the others
    return {
        "id": row.id,
        "title": row.title,
        "namespace": row.slug,
        "hosts": _names(row.hosts),
        "services": _names(row.services),
        "whole_namespace": row.whole_namespace,
        "starts_at": row.starts_local,
        "duration": format_duration(row.duration_seconds),
        "timezone": row.timezone,
        "rrule": row.rrule,
        "announce_before": [format_duration(each) for each in row.announce_before],
        "message": row.message,
        "channels": _names(row.channels) if row.channels_chosen else None,
        "audience": dict(row.audience),
        "silence_all": row.silence_all,
        "finish_when_up": row.finish_when_up,
        "cancelled_at": instant(row.cancelled_at),
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _user(row: Row[Any], actor: Actor) -> dict[str, Any]:  # noqa: ARG001 -- as the others
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "role": row.role.value,
        "namespaces": _names(row.slugs) if row.limited else None,
        "disabled": row.disabled_at is not None,
        "invited": row.invited,
        "last_seen_at": instant(row.last_seen_at),
        "created_at": instant(row.created_at),
        "revision": row.revision,
    }


def _people(actor: Actor) -> Sequence[ColumnElement[bool]]:
    """Only admins see people; those of all namespaces see all of them."""
    require(actor, Role.ADMIN)
    return ()


SET_UP = frozenset({"config", "ssh", "networks"})


def _entry(row: Row[Any], actor: Actor) -> dict[str, Any]:
    """What was set up is told only to those who may change it, as everywhere."""
    told = dict(row.changes)
    if not actor.has(Role.EDITOR):
        told = {name: each for name, each in told.items() if name.split(".")[0] not in SET_UP}
    return {
        "id": row.id,
        "at": instant(row.at),
        "actor": row.actor,
        "verb": row.verb,
        "thing": row.thing,
        "thing_id": row.thing_id,
        "name": row.name,
        "way": str(row.way),
        "changes": told,
    }


DOWNTIMES = Listed(
    rows=select(
        *downtime,
        namespace.slug,
        HOST_NAMES.label("hosts"),
        SERVICE_NAMES.label("services"),
        CHANNEL_NAMES.label("channels"),
    ).select_from(table(Downtime).join(table(Namespace), namespace.id == downtime.namespace_id)),
    id=downtime.id,
    seen=lambda actor: in_namespace(downtime.namespace_id, actor),
    described=_downtime,
    filters={
        "namespace": lambda value: namespace.slug == value,
        "cancelled": lambda value: case((downtime.cancelled_at.is_(None), not value), else_=value),
    },
    thing="downtime",
)
USERS = Listed(
    rows=select(
        *(user.id, user.email, user.name, user.role, user.limited, user.disabled_at),
        *(user.invited, user.last_seen_at, user.created_at, user.revision),
        SLUGS.label("slugs"),
    ),
    id=user.id,
    seen=_people,
    described=_user,
    filters={"email": lambda value: user.email == value.lower()},
    thing="user",
)
ACTIVITY = Listed(
    rows=select(*entry),
    id=entry.id,
    seen=lambda actor: (within_sight(actor),),
    described=_entry,
    filters={
        "thing": lambda value: entry.thing == value,
        "actor": lambda value: entry.actor == value,
    },
    thing="entry",
    newest_first=True,
)
