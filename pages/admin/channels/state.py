"""The state of the channels' page: what it shows, and what can be done there."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import reflex as rx

from pages.admin.channels.channel_form import CHANNEL, copied_channel, edited_channel, new_channel
from pages.admin.channels.sending import Sending
from webmon.clock import utcnow
from webmon.commands.notifications import channels
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.errors import NotFound
from webmon.queries.notifications.channels import (
    ChannelsView,
    ChannelView,
    admin_channels,
    channel_form,
)
from webmon.queries.notifications.deliveries import (
    DeliveriesView,
    SentTestView,
    deliveries_of_channel,
    sent_test,
)
from webmon.queries.notifications.previews import PreviewView, previews
from webmon.ui.addresses import show_address
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.history import Remembering
from webmon.ui.rooms.room import Events, edited_by
from webmon.ui.rooms.rows import Row
from webmon.ui.rooms.trials import Trying
from webmon.ui.states.private import PrivateState, act, ask, only, show

FOLLOW_SECONDS = (0.3, 0.3, 0.4, 0.5, 0.5, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 5)
"""When to look for what has become of a test."""


@edited_by(Role.ADMIN)
class ChannelsState(Sending, Remembering, Trying, PrivateState):
    """One person's view of the channels in one tab."""

    who: str = ""
    status: str = "unknown"
    headline: str = ""
    can_add: bool = False
    worker_silent: bool = False
    channels: tuple[ChannelView, ...] = ()

    told: DeliveriesView = DeliveriesView()
    """Of the channel that is open."""
    previews: tuple[PreviewView, ...] = ()
    test: SentTestView = SentTestView()

    _namespaces: tuple[tuple[int, str], ...] = ()
    _for_all: bool = False
    _test_id: int = 0

    async def _read(self, now: datetime) -> None:
        view: ChannelsView = await ask(self, admin_channels, now=now)
        self._namespaces, self._for_all = view.namespaces, view.all_namespaces
        show(
            self,
            who=view.who,
            status=view.status,
            headline=view.headline,
            can_add=view.can_add,
            worker_silent=view.worker_silent,
            channels=view.channels,
        )
        if self.told.channel_id:
            await self._open(self.told.channel_id, self.told.page)
        else:
            await self._remember("channel", 0)
        if not self.test.is_over:
            show(self, test=await ask(self, sent_test, self._test_id))

    def _address(self) -> dict[str, object]:
        return {"channel": self.told.channel_id, "page": self.told.page}

    async def _follow(self, address: Mapping[str, str]) -> None:
        if not read_id(address.get("channel")):
            self.told, self.previews = DeliveriesView(), ()

    async def _open_followed(self, address: Mapping[str, str]) -> None:
        if channel_id := read_id(address.get("channel")):
            await self._open(channel_id, read_id(address.get("page")) or 1)

    async def _open(self, channel_id: int, page: int = 1) -> None:
        """Show what was told in a channel, and what would be; nothing where it is gone."""
        try:
            told = await ask(self, deliveries_of_channel, channel_id, page=page)
            texts = await ask(self, previews, channel_id, now=utcnow())
        except NotFound:
            told, texts = DeliveriesView(), ()
        show(self, told=told, previews=texts)
        await self._remember("channel", told.channel_id)

    def _rows(self) -> Mapping[str, Row]:
        return {"channel": CHANNEL}

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:  # noqa: ARG002
        if not row_id:
            return new_channel(self._namespaces, for_all=self._for_all)
        stored = await ask(self, channel_form, row_id)
        return edited_channel(stored, self._namespaces, for_all=self._for_all)

    async def _draw_copy(self, thing: str, row_id: int) -> FormView:  # noqa: ARG002
        stored = await ask(self, channel_form, row_id)
        return copied_channel(stored, self._namespaces, for_all=self._for_all)

    def _deleted(self, thing: str) -> None:  # noqa: ARG002
        self.told, self.previews = DeliveriesView(), ()

    @rx.event
    @only(Role.VIEWER)
    async def toggle(self, channel_id: int) -> Events:
        """Open or close what was told in a channel."""
        if self.told.channel_id == channel_id:
            self.told, self.previews = DeliveriesView(), ()
            await self._remember("channel", 0)
        else:
            await self._open(channel_id)
        return show_address(self._address())

    @rx.event
    @only(Role.VIEWER)
    async def turn_to(self, page: int) -> Events:
        """Show older or newer messages of the open channel."""
        if self.told.channel_id:
            await self._open(self.told.channel_id, page if isinstance(page, int) else 1)
        return show_address(self._address())

    @rx.event
    @only(Role.ADMIN)
    async def switch(self, channel_id: int, enabled: bool) -> Events:
        """Switch a channel on or off."""
        await act(self, channels.switch_channel, channel_id, enabled is True)
        await self._refresh()
        return rx.toast.success("Switched on." if enabled is True else "Switched off.")

    @rx.event
    @only(Role.ADMIN)
    async def try_again(self, channel_id: int) -> Events:
        """Let a channel that waits or has stopped send at once."""
        await act(self, channels.try_channel_again, channel_id)
        await self._refresh()
        return rx.toast.success("Trying again now.")

    async def _test_queued(self, notification_id: int) -> Events:
        """Show what becomes of the test."""
        self._test_id = notification_id
        self.test = await ask(self, sent_test, notification_id)
        return ChannelsState.follow

    @rx.event(background=True)
    @only(Role.VIEWER)
    async def follow(self) -> None:
        """Look again soon, until it is known what became of the test."""
        for seconds in FOLLOW_SECONDS:
            await asyncio.sleep(seconds)
            async with self:
                show(self, test=await ask(self, sent_test, self._test_id))
                if self.test.is_over:
                    await self._refresh()
                    return
