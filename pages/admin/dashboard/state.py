"""The state of the dashboard."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webmon.domain.accounts.access import Actor
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
        view, planned = await ask(
            self,
            _view_and_planned,
            namespace=self._namespace,
            days=days,
            now=now,
            lately=self._ticking,
        )
        show(self, view=view, planned=planned)


def _view_and_planned(
    session: Any, *, actor: Actor, now: datetime, lately: bool, **chosen: Any
) -> tuple[DashboardView, tuple[TimeView, ...]]:
    """Both in one transaction: at a tick that costs more than what they ask."""
    how: dict[str, Any] = {"actor": actor, "now": now, "lately": lately}
    return dashboard(session, **chosen, **how), next_times(session, **how)
