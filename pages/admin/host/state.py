"""The state of the page of a host."""

from datetime import datetime

from webmon.queries.inventory.host_page import HostPage, host_page
from webmon.ui.private import PrivateState, ask, show
from webmon.ui.record_room import Looking


class HostPageState(Looking, PrivateState):
    """One person's view of one host in one tab."""

    view: HostPage = HostPage()

    _thing: str = "host"

    async def _look(self, now: datetime) -> None:
        view: HostPage = await ask(self, host_page, self._id, now=now)
        show(self, view=view)
