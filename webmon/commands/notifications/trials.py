"""Try a channel before it is saved: a test message with the settings that were typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlmodel import Session

from webmon.commands import trials
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import Snapshot
from webmon.commands.notifications.budgets import why_used_up
from webmon.commands.notifications.channels import create_channel, update_channel
from webmon.domain.accounts.access import Actor
from webmon.errors import Invalid
from webmon.models import Namespace


def try_channel(
    session: Session,
    *,
    row_id: int,
    parent_id: int = 0,  # noqa: ARG001 -- channels belong to nothing
    fields: Mapping[str, Any],
    told_at: datetime | None = None,
    actor: Actor | None,
    now: datetime,
) -> int:
    """Ask the worker to send a test with these settings; returns the trial's id.

    They are judged as if they were saved, but for the name. ``told_at`` is the instant that the
    message tells.

    Raises:
        Invalid: also where the budget of the month is used up.
        NotFound, PermissionDenied.
    """
    wanted = {**fields, "name": f"trial {uuid4().hex}"}

    def definition() -> dict[str, Any]:
        if row_id:
            channel = update_channel(session, row_id, wanted, actor=actor, now=now)
        else:
            channel = create_channel(session, wanted, actor=actor, now=now)
        if because := why_used_up(session, channel.id, channel.kind, channel.config, now=now):
            raise Invalid(because)
        namespace = session.get(Namespace, channel.namespace_id) if channel.namespace_id else None
        return {
            "kind": channel.kind,
            "config": channel.config,
            "limited": channel.limited,
            "networks": namespace.networks if namespace is not None else [],
            "told_at": (told_at or now).isoformat(),
        }

    found = trials.without_saving(session, definition)
    space = fields.get("namespace_id") or None
    subject = Snapshot(row_id or None, "(not saved)", space, {})
    write_entry(session, "sent a test to", "channel", subject, actor=actor, now=now)
    return trials.ask(session, "channel", found, actor=actor, now=now)
