"""The state of the dashboard."""

from collections.abc import Mapping
from datetime import datetime

from webmon.queries.dashboard import DashboardView, dashboard
from webmon.queries.downtimes.room import TimeView, next_times
from webmon.ui.rooms.room import Listing
from webmon.ui.states.private import PrivateState, ask, show

DAYS = {"24h": 1, "7d": 7, "30d": 30, "12m": 365}
"""What the address calls the ranges, and how many days they are."""


class DashboardState(Listing, PrivateState):
    """One person's view of the dashboard in one tab."""

    chosen_range: str = "24h"
    view: DashboardView = DashboardView()
    planned: tuple[TimeView, ...] = ()
    """What is in planned downtime, and the next."""

    _namespace: str = ""

    def _address(self) -> dict[str, object]:
        chosen = "" if self.chosen_range == "24h" else self.chosen_range
        return {"namespace": self._namespace, "range": chosen}

    async def _follow(self, chosen: Mapping[str, str]) -> None:
        self._namespace = chosen.get("namespace", "")
        wanted = chosen.get("range", "24h")
        self.chosen_range = wanted if wanted in DAYS else "24h"

    async def _read(self, now: datetime) -> None:
        days = DAYS[self.chosen_range]
        view: DashboardView = await ask(
            self,
            dashboard,
            namespace=self._namespace,
            days=days,
            now=now,
            lately=self._ticking,
        )
        planned = await ask(self, next_times, now=now, lately=self._ticking)
        show(self, view=view, planned=planned)
