"""What can be said about a downtime, checked: each thing that is wrong has its field."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlmodel import Session, col, select

from webmon.commands.validation import Fields, Name, validated
from webmon.domain.accounts.access import Actor, Role, require
from webmon.domain.downtimes.life_cycle import TOLD_STEPS, Audience, Step
from webmon.domain.downtimes.recurrence import (
    Schedule,
    instant,
    read_local,
    read_rule,
)
from webmon.domain.downtimes.scope import Scope
from webmon.domain.ids import LARGEST_ID
from webmon.domain.timezones import read_timezone
from webmon.errors import Invalid
from webmon.models import Channel, Host, Namespace, Service
from webmon.models.downtimes import MOST_OF_A_MESSAGE

DAY_SECONDS = 86400
LONGEST = 366 * DAY_SECONDS
MOST_OFFSETS = 10
EARLIEST_SECONDS = 30 * DAY_SECONDS
MOST_IDS = 5000

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS)]


class DowntimeFields(Fields):
    """What can be said about a downtime.

    ``starts_at`` and ``ends_at`` are local times such as ``2026-12-01T22:00``; of ``ends_at`` and
    ``duration_seconds`` one is given. The timezone is the namespace's unless one is named.
    """

    title: Name
    message: str = Field(default="", max_length=MOST_OF_A_MESSAGE)
    namespace_id: Id
    whole_namespace: bool = False
    host_ids: Ids = Field(default=[])
    service_ids: Ids = Field(default=[])
    starts_at: str
    duration_seconds: int | None = None
    ends_at: str | None = None
    timezone: str | None = None
    rrule: str = ""
    announce_before: list[int] = Field(default=[DAY_SECONDS, 3600])
    """Seconds before the start."""
    channel_ids: Ids | None = None
    """None: every channel that wants planned downtime."""
    audience: dict[Step, Audience] = Field(default={})
    silence_all: bool = False
    finish_when_up: int | None = Field(default=None, ge=1, le=1000)
    key: str | None = Field(default=None, min_length=1, max_length=100)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A downtime as it shall be: everything checked, and its scope known to be in its namespace."""

    fields: DowntimeFields
    schedule: Schedule
    scope: Scope

    def columns(self) -> dict[str, Any]:
        """The columns of the row that say what was asked for."""
        fields = self.fields
        return {
            "namespace_id": fields.namespace_id,
            "title": fields.title,
            "message": fields.message,
            "whole_namespace": self.scope.whole_namespace,
            "starts_local": self.schedule.starts_local.isoformat(timespec="seconds"),
            "timezone": self.schedule.timezone,
            "duration_seconds": int(self.schedule.length.total_seconds()),
            "rrule": self.schedule.rule,
            "announce_before": sorted(set(fields.announce_before), reverse=True),
            "audience": {step.value: who.value for step, who in fields.audience.items()},
            "channels_chosen": fields.channel_ids is not None,
            "silence_all": fields.silence_all,
            "finish_when_up": fields.finish_when_up,
        }


def read_wanted(session: Session, fields: Mapping[str, Any], actor: Actor | None) -> Wanted:
    """What was asked for, checked against each other and against what there is.

    Raises:
        Invalid: the first thing that is wrong, at its field.
        PermissionDenied: the namespace is not one of the actor's.
    """
    wanted = validated(DowntimeFields, fields)
    if actor is not None:
        require(actor, Role.EDITOR, wanted.namespace_id)
    namespace = session.get(Namespace, wanted.namespace_id)
    if namespace is None:
        raise Invalid("this namespace does not exist", "namespace_id")
    scope = Scope(wanted.whole_namespace, frozenset(wanted.host_ids), frozenset(wanted.service_ids))
    _check_scope(session, scope, wanted.namespace_id)
    _check_offsets(wanted.announce_before)
    _check_channels(session, wanted.channel_ids, wanted.namespace_id)
    if strange := sorted(set(wanted.audience) - set(TOLD_STEPS)):
        raise Invalid(f"{strange[0]} is a step that nobody is told", "audience")
    return Wanted(wanted, _schedule(wanted, namespace.timezone), scope)


def read_duration_seconds(value: int, field: str = "duration_seconds") -> int:
    """A length in seconds that a downtime may have.

    Raises:
        Invalid: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST:
        raise Invalid("must be longer than nothing, and at most 366 days", field)
    return value


def _schedule(wanted: DowntimeFields, default_timezone: str) -> Schedule:
    timezone = _read(read_timezone, wanted.timezone or default_timezone, field="timezone")
    starts_local = _read(read_local, wanted.starts_at, timezone, field="starts_at")
    length = timedelta(seconds=_length_seconds(wanted, starts_local, timezone))
    rule = _read(read_rule, wanted.rrule, starts_local, field="rrule")
    return Schedule(starts_local, timezone, length, rule)


def _length_seconds(wanted: DowntimeFields, starts_local: datetime, timezone: str) -> int:
    if wanted.ends_at is None:
        if wanted.duration_seconds is None:
            raise Invalid("is required, or the end", "duration_seconds")
        return read_duration_seconds(wanted.duration_seconds)
    if wanted.duration_seconds is not None:
        raise Invalid("say either the end or the length", "ends_at")
    ends_local = _read(read_local, wanted.ends_at, timezone, field="ends_at")
    length = instant(ends_local, timezone) - instant(starts_local, timezone)
    if length <= timedelta(0):
        raise Invalid("must be after the start", "ends_at")
    return read_duration_seconds(int(length.total_seconds()), "ends_at")


def _read(read: Any, *values: Any, field: str) -> Any:
    try:
        return read(*values)
    except ValueError as error:
        raise Invalid(str(error), field) from None


def _check_offsets(offsets: Sequence[int]) -> None:
    if len(offsets) > MOST_OFFSETS:
        raise Invalid(f"must be at most {MOST_OFFSETS}", "announce_before")
    for each in offsets:
        if each <= 0:
            raise Invalid("must lie before the start: write 24h or 1h", "announce_before")
        if each > EARLIEST_SECONDS:
            raise Invalid("must be at most 30 days before the start", "announce_before")


def _check_scope(session: Session, scope: Scope, namespace_id: int) -> None:
    if scope.is_empty:
        raise Invalid("choose what is affected: the namespace, hosts or services", "host_ids")
    hosts = select(Host.id).where(Host.namespace_id == namespace_id)
    _require_all(session, hosts.where(col(Host.id).in_(scope.host_ids)), scope.host_ids, "host_ids")
    services = select(Service.id).join(Host).where(Host.namespace_id == namespace_id)
    chosen = services.where(col(Service.id).in_(scope.service_ids))
    _require_all(session, chosen, scope.service_ids, "service_ids")


def _check_channels(session: Session, ids: Sequence[int] | None, namespace_id: int) -> None:
    wanted = frozenset(ids or ())
    here = col(Channel.namespace_id).is_(None) | (col(Channel.namespace_id) == namespace_id)
    chosen = select(Channel.id).where(here, col(Channel.id).in_(wanted))
    _require_all(session, chosen, wanted, "channel_ids")


def _require_all(session: Session, chosen: Any, ids: Collection[int], field: str) -> None:
    if ids and len(session.exec(chosen).all()) < len(ids):
        raise Invalid("has something that is not in this namespace", field)
