"""The state of the page of a service."""

from datetime import datetime

from pages.admin.downtimes.starting import Starting
from webmon.queries.inventory.service_page import ServicePage, service_page
from webmon.ui.rooms.quieting import Pausing
from webmon.ui.states.private import PrivateState, ask, show


class ServicePageState(Starting, Pausing, PrivateState):
    """One person's view of one service in one tab."""

    view: ServicePage = ServicePage()

    _thing: str = "service"

    async def _look(self, now: datetime) -> None:
        view: ServicePage = await ask(self, service_page, self._id, now=now)
        show(self, view=view)
        await self._look_ahead(now)

    def _kind(self) -> str:
        return "service"
