"""Try a service before it is saved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter
from sqlmodel import Session

from webmon.commands import trials
from webmon.commands.inventory.logins import create_with_login, update_with_login
from webmon.domain.accounts.access import Actor
from webmon.queries.inventory.definitions import DefinitionView, definition_of

DEFINITION = TypeAdapter(DefinitionView)


def try_service(
    session: Session,
    *,
    row_id: int,
    parent_id: int,
    fields: Mapping[str, Any],
    actor: Actor | None,
    now: datetime,
) -> int:
    """Ask the worker to look with these settings; returns the trial's id. ``row_id`` is the service
    that is changed, or 0 for a new one of the host ``parent_id``.

    They are judged as if they were saved, but for the name: so what may not be saved is not looked
    at either, and the result is that of a check after saving.

    Raises:
        Invalid, NotFound, PermissionDenied.
    """
    wanted = {**fields, "name": f"trial {uuid4().hex}", "paused": False}

    def definition() -> DefinitionView:
        if row_id:
            service = update_with_login(session, row_id, wanted, actor=actor, now=now)
        else:
            service = create_with_login(session, parent_id, wanted, actor=actor, now=now)
        return replace(definition_of(session, service), report_to="")

    found = DEFINITION.dump_python(trials.without_saving(session, definition), mode="json")
    return trials.ask(session, "service", found, actor=actor, now=now)
