"""The state of the room "Move here".

It only shows where things can go: the file goes to `webmon.api.admin.moving`.
"""

from collections.abc import Mapping
from datetime import datetime

from webmon.queries.inventory.namespaces import NamespacesView, admin_namespaces
from webmon.ui.rooms.room import Listing
from webmon.ui.states.private import PrivateState, ask, show


class MovingState(Listing, PrivateState):
    """One person's view of it in one tab."""

    view: NamespacesView = NamespacesView()

    async def _read(self, now: datetime) -> None:  # noqa: ARG002
        show(self, view=await ask(self, admin_namespaces))

    def _address(self) -> dict[str, object]:
        return {}

    async def _follow(self, address: Mapping[str, str]) -> None:
        """Its address says nothing."""
