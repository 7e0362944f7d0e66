"""What the pages of a host and of a service have in common: one thing, and how it was."""

from collections.abc import Mapping
from datetime import datetime

import reflex as rx

from webmon.domain.accounts.access import Role
from webmon.domain.history.chart_ranges import Range
from webmon.domain.ids import read_id
from webmon.errors import NotFound
from webmon.ui.rooms.history import Remembering
from webmon.ui.states.private import only

DAYS = 90


class Looking(Remembering, mixin=True):
    """A page about the thing whose id is in its address; the address also chooses the range."""

    gone: bool = False
    chosen_range: str = Range.DAY.value
    chosen_day: int = DAYS - 1
    """Of the 90 days, the one that is told in words; the last is today."""

    _thing: str
    """What it is, as the activity calls it."""
    _id: int = 0

    def _address(self) -> dict[str, object]:
        chosen = "" if self.chosen_range == Range.DAY else self.chosen_range
        return {"id": self._id, "range": chosen}

    async def _follow(self, chosen: Mapping[str, str]) -> None:
        self._id = read_id(chosen.get("id"))
        wanted = chosen.get("range", "")
        self.chosen_range = wanted if wanted in list(Range) else Range.DAY.value

    async def _look(self, now: datetime) -> None:
        """Ask for the thing, and show it."""
        raise NotImplementedError

    async def _read(self, now: datetime) -> None:
        try:
            await self._look(now)
            await self._remember(self._thing, self._id)
            self.gone = False
        except NotFound:
            self.gone = True

    @rx.event
    @only(Role.VIEWER)
    async def choose_day(self, number: float) -> None:
        """Tell another of the days in words."""
        if isinstance(number, int | float) and 0 <= number < DAYS:
            self.chosen_day = int(number)
