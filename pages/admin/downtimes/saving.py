"""What saving a downtime's form does, and where in the form its mistakes stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pages.admin.downtimes.downtime_form import (
    CHANNELS,
    SCOPE,
    read_downtime,
    with_repeat,
)
from webmon.commands.downtimes.edit import edit_downtime, edit_following, edit_occurrence
from webmon.commands.downtimes.fields import read_wanted
from webmon.commands.downtimes.plan import plan_downtime, services_now
from webmon.commands.downtimes.running import cancel_downtime
from webmon.domain.accounts.access import Actor
from webmon.domain.downtimes.recurrence import instant, read_local
from webmon.domain.timezones import read_timezone
from webmon.errors import Invalid
from webmon.queries.downtimes.editor import PreviewView, preview
from webmon.queries.downtimes.room import time_fields
from webmon.ui.rooms.rows import Row

CONTROLS = {
    "host_ids": SCOPE,
    "service_ids": SCOPE,
    "whole_namespace": SCOPE,
    "namespace_id": SCOPE,
    "channel_ids": CHANNELS,
    "rrule": "kind",
}
"""The fields of the command that the form has under another name."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was saved, as rooms tell of it."""

    id: int
    name: str


def at_its_control(command: Callable[..., Any]) -> Callable[..., Named]:
    """The command, with its mistakes at the form's controls; gives the downtime's name."""

    def save(*args: Any, **kwargs: Any) -> Named:
        try:
            saved = command(*args, **kwargs)
        except Invalid as error:
            if error.field in CONTROLS:
                raise Invalid(error.message, CONTROLS[error.field]) from None
            raise
        return Named(saved.id, saved.title or "This time")

    return save


def _edit_following(
    session: Any,
    occurrence_id: int,
    fields: Mapping[str, Any],
    *,
    revision: int,
    actor: Actor,
    now: datetime,
) -> Any:
    time = time_fields(session, occurrence_id, actor=actor, now=now)
    return edit_following(
        session, time["downtime_id"], time["slot_at"], fields,
        actor=actor, now=now, revision=revision,
    )  # fmt: skip


def _edit_time(
    session: Any,
    occurrence_id: int,
    fields: Mapping[str, Any],
    *,
    revision: int,
    actor: Actor,
    now: datetime,
) -> Any:
    time = time_fields(session, occurrence_id, actor=actor, now=now)
    try:
        local = read_local(str(fields.get("starts_at", "")), time["timezone"])
    except ValueError as error:
        raise Invalid(str(error), "starts_at") from None
    return edit_occurrence(
        session,
        time["downtime_id"],
        time["slot_at"],
        starts_at=instant(local, time["timezone"]),
        duration_seconds=int(fields.get("duration_seconds", 0)),
        title=_unlike(fields.get("title", ""), time["series_title"]),
        message=_unlike(fields.get("message", ""), time["series_message"]),
        actor=actor,
        now=now,
        revision=revision,
    )


def _unlike(typed: str, stored: str) -> str | None:
    """What was typed; None where the series' own text is to stay."""
    return typed if typed != stored else None


def _only_in_series(*_: Any, **__: Any) -> Any:
    raise Invalid("open it again: there is nothing to add here")


DOWNTIME = Row(
    create=at_its_control(plan_downtime),
    update=at_its_control(edit_downtime),
    delete=cancel_downtime,
    read=read_downtime,
    with_kind=with_repeat,
    has_revision=True,
)
FOLLOWING = Row(
    create=_only_in_series,
    update=at_its_control(_edit_following),
    delete=_only_in_series,
    read=read_downtime,
    with_kind=with_repeat,
    has_revision=True,
)
TIME = Row(
    create=_only_in_series,
    update=at_its_control(_edit_time),
    delete=_only_in_series,
    read=read_downtime,
    has_revision=True,
)


def previewed(
    session: Any,
    fields: Mapping[str, Any],
    *,
    namespace_id: int,
    reader_timezone: Any,
    but: int,
    actor: Actor,
    now: datetime,
) -> tuple[PreviewView, ...]:
    """The next times of what was typed so far; it need not have a scope yet.

    ``namespace_id`` lends its timezone where nothing was chosen; ``but`` is the downtime that is
    edited.

    Raises:
        Invalid, PermissionDenied.
    """
    wanted = dict(fields)
    if "namespace_id" not in wanted:
        wanted |= {"namespace_id": namespace_id, "whole_namespace": True}
    found = read_wanted(session, wanted, actor)
    services = services_now(session, found) if "namespace_id" in fields else ()
    try:
        reader = read_timezone(str(reader_timezone))
    except ValueError:
        reader = "UTC"
    return preview(session, found.schedule, services, reader_timezone=reader, now=now, but=but)
