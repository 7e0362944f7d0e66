"""Planned downtime at once, from the page of a host or a service, in two clicks."""

from datetime import datetime
from typing import Any

import reflex as rx

from pages.admin.downtimes.downtime_form import affected
from webmon.commands.downtimes import running
from webmon.domain.accounts.access import Role
from webmon.domain.ids import is_id
from webmon.errors import NotFound
from webmon.queries.downtimes.choosing import scope_chosen
from webmon.queries.downtimes.room import TimeView, times_ahead
from webmon.ui.rooms.record_room import Looking
from webmon.ui.rooms.room import Events
from webmon.ui.states.private import PrivateState, act, ask, only, show

HAS_BEGUN = rx.toast.success("Planned downtime has begun, for 30 minutes.")


class Starting(Looking, mixin=True):
    """The part of a page's state that shows the downtime of its thing, and starts one."""

    planned: tuple[TimeView, ...] = ()
    asks_start: bool = False

    def _kind(self) -> str:
        """``host`` or ``service``."""
        raise NotImplementedError

    async def _look_ahead(self, now: datetime) -> None:
        show(
            self, planned=await ask(self, times_ahead, **{f"{self._kind()}_id": self._id}, now=now)
        )

    @rx.event
    @only(Role.EDITOR)
    async def ask_start_now(self) -> None:
        """Ask before a downtime begins."""
        self.asks_start = True

    @rx.event
    @only(Role.EDITOR)
    async def leave_start(self) -> None:
        """Begin none."""
        self.asks_start = False

    @rx.event
    @only(Role.EDITOR)
    async def start_now(self) -> Events:
        """Begin a downtime of 30 minutes."""
        if not self.asks_start:
            return None
        self.asks_start = False
        await _begin(self, self._kind(), self._id)
        await self._refresh()
        return HAS_BEGUN


class AtOnceState(PrivateState):
    """The same from the menu of a row, in any list."""

    @rx.event
    @only(Role.EDITOR)
    async def start(self, kind: str, row_id: int) -> Events:
        """Begin a downtime of 30 minutes of a host or a service."""
        await _begin(self, kind if kind == "service" else "host", row_id)
        return HAS_BEGUN


async def _begin(state: PrivateState, kind: str, row_id: int) -> None:
    chosen: dict[str, Any] = {f"{kind}_ids": [row_id] if is_id(row_id) else []}
    found = await ask(state, scope_chosen, **chosen)
    if not found:
        raise NotFound(f"this {kind} does not exist (any more)")
    await act(state, running.start_now, affected([found[0].value]))
