"""The part of the pages of hosts and services that makes them quiet: mutes, and pauses."""

from datetime import timedelta
from typing import Any

import reflex as rx

from webmon.clock import utcnow
from webmon.commands.inventory import services
from webmon.commands.notifications import mutes
from webmon.domain.accounts.access import Role
from webmon.errors import Invalid
from webmon.ui.rooms.record_room import Looking
from webmon.ui.rooms.room import Events
from webmon.ui.shell.focus import FOCUS_MISTAKE
from webmon.ui.states.private import act, as_dict, only, sentence

LENGTHS = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
}
"""For how long something can be muted or paused; anything else is without an end."""


class Quieting(Looking, mixin=True):
    """Mutes the thing of the page, and pauses it where it is a service."""

    quiet_mistake: str = ""
    quiet_serial: int = 0
    """Another one after every mute, so that the form is empty again."""

    async def _mute(self, **whole: Any) -> None:
        """Mute the thing of the page."""
        raise NotImplementedError

    @rx.event
    @only(Role.EDITOR)
    async def mute(self, form: dict[str, Any]) -> Events:
        """Tell no bad news of it for a while."""
        typed = as_dict(form)
        length = LENGTHS.get(str(typed.get("until")))
        until_at = utcnow() + length if length is not None else None
        try:
            await self._mute(reason=typed.get("reason", ""), until_at=until_at)
        except Invalid as error:
            self.quiet_mistake = sentence(error.message)
            return FOCUS_MISTAKE
        self.quiet_mistake = ""
        self.quiet_serial += 1
        await self._refresh()
        return rx.toast.success("Muted.")

    @rx.event
    @only(Role.EDITOR)
    async def end_mute(self, mute_id: int) -> Events:
        """End a mute early."""
        await act(self, mutes.end_mute, mute_id)
        await self._refresh()
        return rx.toast.success("No longer muted.")


class Pausing(Quieting, mixin=True):
    """The same for the page of a service."""

    async def _mute(self, **whole: Any) -> None:
        await act(self, mutes.mute_service, self._id, **whole)

    @rx.event
    @only(Role.EDITOR)
    async def pause(self, form: dict[str, Any]) -> Events:
        """Stop checking it, for a while or until it is resumed."""
        length = LENGTHS.get(str(as_dict(form).get("until")))
        until_at = utcnow() + length if length is not None else None
        await act(self, services.pause, self._id, until_at=until_at)
        await self._refresh()
        return rx.toast.success("Paused.")

    @rx.event
    @only(Role.EDITOR)
    async def resume(self) -> Events:
        """Check it again."""
        await act(self, services.resume, self._id)
        await self._refresh()
        return rx.toast.success("Resumed.")
