"""The state of the page of a host."""

from datetime import datetime
from typing import Any

from pages.admin.downtimes.starting import Starting
from webmon.commands.notifications import mutes
from webmon.queries.inventory.host_page import HostPage, host_page
from webmon.ui.rooms.quieting import Quieting
from webmon.ui.states.private import PrivateState, act, ask, show


class HostPageState(Starting, Quieting, PrivateState):
    """One person's view of one host in one tab."""

    view: HostPage = HostPage()

    _thing: str = "host"

    async def _look(self, now: datetime) -> None:
        view: HostPage = await ask(self, host_page, self._id, now=now)
        show(self, view=view)
        await self._look_ahead(now)

    def _kind(self) -> str:
        return "host"

    async def _mute(self, **whole: Any) -> None:
        await act(self, mutes.mute_host, self._id, **whole)
