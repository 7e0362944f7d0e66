"""The part of a room that tells what was done to one thing, and puts an edit back."""

import reflex as rx

from webmon.commands.former.put_back import put_back
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.queries.activity import HistoryView, history_of
from webmon.ui.rooms.room import Events, Listing
from webmon.ui.states.private import act, ask, only, show


class Remembering(Listing, mixin=True):
    """A room that shows the history of the thing that is open in it.

    Its `_read` ends with `_remember`.
    """

    history: HistoryView = HistoryView()
    """What people did to the thing, for who may know."""

    _older_than: int = 0
    """The page of the history: entries before this one; 0 for the newest."""

    async def _remember(self, thing: str, thing_id: int) -> None:
        """Show what was done to this thing; with id 0 nothing."""
        if (thing, thing_id) != (self.history.thing, self.history.thing_id):
            self._older_than = 0
        view = HistoryView()
        if thing_id:
            view = await ask(self, history_of, thing, thing_id, before=self._older_than)
        show(self, history=view)

    @rx.event
    @only(Role.EDITOR)
    async def turn_history(self, before: int) -> None:
        """Show what was done before this entry; 0: the latest."""
        self._older_than = read_id(str(before))
        await self._refresh()

    @rx.event
    @only(Role.EDITOR)
    async def put_back(self, entry_id: int) -> Events:
        """Give the thing the values back that it had before this edit."""
        name = await act(self, put_back, entry_id)
        self._older_than = 0
        await self._refresh()
        return rx.toast.success(f"{name} is as it was before that edit.")
