"""The state of the dashboard."""

import reflex as rx

from webmon.clock import utcnow
from webmon.domain.access import Role
from webmon.queries.dashboard import DashboardView, dashboard
from webmon.ui.private import PrivateState, ask, only, show

DAYS = {"24h": 1, "7d": 7, "30d": 30, "12m": 365}
"""What the address calls the ranges, and how many days they are."""


class DashboardState(PrivateState):
    """One person's view of the dashboard in one tab."""

    loaded: bool = False
    as_of: str = ""
    chosen_range: str = "24h"
    view: DashboardView = DashboardView()

    _namespace: str = ""

    async def _refresh(self) -> None:
        """Show what the database knows now."""
        now = utcnow()
        view: DashboardView = await ask(
            self, dashboard, namespace=self._namespace, days=DAYS[self.chosen_range], now=now
        )
        show(self, loaded=True, as_of=now.isoformat(), view=view)

    @rx.event
    @only(Role.VIEWER)
    async def load(self) -> None:
        """The page was opened, or its address has changed."""
        chosen = self.router.url.query_parameters
        self._namespace = chosen.get("namespace", "")
        wanted = chosen.get("range", "24h")
        self.chosen_range = wanted if wanted in DAYS else "24h"
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def tick(self) -> None:
        """Some seconds have gone by."""
        await self._refresh()
