"""The state of the room "Activity"."""

from collections.abc import Mapping
from datetime import datetime

import reflex as rx

from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.queries.activity import ActivityView, Wanted, admin_activity
from webmon.ui.addresses import show_address
from webmon.ui.rooms.room import Events, Listing
from webmon.ui.states.private import PrivateState, ask, one_line, only, show

LONGEST = 100
FILTERS = ("actor", "thing", "way", "text")


class ActivityState(Listing, PrivateState):
    """One person's view of what was done, in one tab."""

    view: ActivityView = ActivityView()
    actor: str = ""
    thing: str = ""
    way: str = ""
    text: str = ""
    thing_id: int = 0
    """Of which thing of that kind; 0: of all."""
    before: int = 0
    """Entries older than this one are shown; 0: the newest."""
    filter_serial: int = 0
    """Another one whenever an address brings other filters into the fields."""

    def _wanted(self) -> Wanted:
        return Wanted(self.actor, self.thing, self.way, self.text, self.before, self.thing_id)

    async def _read(self, now: datetime) -> None:  # noqa: ARG002
        show(self, view=await ask(self, admin_activity, self._wanted()))

    def _address(self) -> dict[str, object]:
        filters: dict[str, object] = {name: getattr(self, name) for name in FILTERS}
        return {**filters, "id": self.thing_id, "before": self.before}

    async def _follow(self, address: Mapping[str, str]) -> None:
        self.before, self.thing_id = read_id(address.get("before")), read_id(address.get("id"))
        told = {name: one_line(address.get(name, ""), LONGEST) for name in FILTERS}
        if told != {name: getattr(self, name) for name in FILTERS}:
            show(self, **told)
            self.filter_serial += 1

    @rx.event
    @only(Role.VIEWER)
    async def look_for(self, what: str, value: str) -> Events:
        """Show what fits another filter: who, which thing, which way, or a text."""
        if what in FILTERS:
            setattr(self, what, one_line(value, LONGEST))
            self.before = 0
            if what == "thing":
                self.thing_id = 0
            await self._refresh()
        return show_address(self._address())

    @rx.event
    @only(Role.VIEWER)
    async def turn_to(self, before: int) -> Events:
        """Show the entries before this one; 0: the newest."""
        self.before = read_id(str(before))
        await self._refresh()
        return show_address(self._address())
