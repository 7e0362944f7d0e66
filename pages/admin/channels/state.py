"""The state of the channels' page: what it shows, and what can be done there."""

import asyncio

import reflex as rx

from pages.admin.channels import forms
from webmon.clock import utcnow
from webmon.commands.notifications import channels, manual_sends
from webmon.domain.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.inventory.deletions import Deletion, deletion
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
from webmon.ui.form import FOCUS_FORM, FOCUS_MISTAKE, FOCUS_OPENER, FormView, Mistake
from webmon.ui.private import PrivateState, act, as_dict, ask, only, sentence, show

FOLLOW_SECONDS = (0.3, 0.3, 0.4, 0.5, 0.5, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 5)
"""When to look for what has become of a test."""


class ChannelsState(PrivateState):
    """One person's view of the channels in one tab."""

    loaded: bool = False
    who: str = ""
    as_of: str = ""
    status: str = "unknown"
    headline: str = ""
    can_add: bool = False
    worker_silent: bool = False
    channels: tuple[ChannelView, ...] = ()

    told: DeliveriesView = DeliveriesView()
    """Of the channel that is open."""
    previews: tuple[PreviewView, ...] = ()
    test: SentTestView = SentTestView()
    form: FormView = FormView()
    mistake: Mistake = Mistake()
    doomed: Deletion = Deletion()

    _namespaces: tuple[tuple[int, str], ...] = ()
    _for_all: bool = False
    _test_id: int = 0
    _serial: int = 0

    async def _refresh(self) -> None:
        """Show what the database knows now."""
        now = utcnow()
        view: ChannelsView = await ask(self, admin_channels, now=now)
        self._namespaces, self._for_all = view.namespaces, view.all_namespaces
        show(
            self,
            loaded=True,
            who=view.who,
            as_of=now.isoformat(),
            status=view.status,
            headline=view.headline,
            can_add=view.can_add,
            worker_silent=view.worker_silent,
            channels=view.channels,
        )
        if self.told.channel_id:
            await self._open(self.told.channel_id, self.told.page)
        if not self.test.is_over:
            show(self, test=await ask(self, sent_test, self._test_id))

    async def _open(self, channel_id: int, page: int = 1) -> None:
        """Show what was told in a channel, and what would be; nothing where it is gone."""
        try:
            told = await ask(self, deliveries_of_channel, channel_id, page=page)
            texts = await ask(self, previews, channel_id, now=utcnow())
        except NotFound:
            told, texts = DeliveriesView(), ()
        show(self, told=told, previews=texts)

    @rx.event
    @only(Role.VIEWER)
    async def load(self):
        """The page was opened."""
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def tick(self):
        """Some seconds have gone by."""
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def toggle(self, channel_id: int):
        """Open or close what was told in a channel."""
        if self.told.channel_id == channel_id:
            self.told, self.previews = DeliveriesView(), ()
        else:
            await self._open(channel_id)

    @rx.event
    @only(Role.VIEWER)
    async def turn_to(self, page: int):
        """Show older or newer messages of the open channel."""
        if self.told.channel_id:
            await self._open(self.told.channel_id, page if isinstance(page, int) else 1)

    @rx.event
    @only(Role.ADMIN)
    async def open_channel(self, channel_id: int):
        """The form of a channel; 0 for a new one."""
        self._serial += 1
        options = {"for_all": self._for_all, "serial": self._serial}
        if channel_id:
            stored = await ask(self, channel_form, channel_id)
            form = forms.edited_channel(stored, self._namespaces, **options)
        else:
            form = forms.new_channel(self._namespaces, **options)
        self.form, self.mistake = form, Mistake()
        return FOCUS_FORM

    @rx.event
    @only(Role.ADMIN)
    async def choose_kind(self, kind: str):
        """Draw the open form again for another kind."""
        self.form = forms.with_kind(self.form, kind)
        self.mistake = Mistake()

    @rx.event
    @only(Role.ADMIN)
    async def close_form(self):
        """Leave the form; what was typed is forgotten."""
        self.form, self.mistake = FormView(), Mistake()
        return FOCUS_OPENER

    @rx.event
    @only(Role.ADMIN)
    async def save(self, form: dict):
        """Do what the open form says; where something is wrong it stays open and says so."""
        try:
            if self.form.thing != "channel":
                raise Invalid("this form was closed in the meantime; open it again")
            fields = forms.typed_into(self.form, as_dict(form))
            if self.form.id:
                command, arguments = channels.update_channel, (self.form.id, fields)
            else:
                command, arguments = channels.create_channel, (fields,)
            saved = await act(self, command, *arguments)
        except Invalid as error:
            self.mistake = self.form.mistake(forms.control_of(error.field), sentence(error.message))
            return FOCUS_MISTAKE
        self.form, self.mistake = FormView(), Mistake()
        await self._refresh()
        return [FOCUS_OPENER, rx.toast.success(f"{saved.name} is saved.")]

    @rx.event
    @only(Role.ADMIN)
    async def switch(self, channel_id: int, enabled: bool):
        """Switch a channel on or off."""
        await act(self, channels.switch_channel, channel_id, enabled is True)
        await self._refresh()
        return rx.toast.success("Switched on." if enabled is True else "Switched off.")

    @rx.event
    @only(Role.ADMIN)
    async def try_again(self, channel_id: int):
        """Let a channel that waits or has stopped send at once."""
        await act(self, channels.try_channel_again, channel_id)
        await self._refresh()
        return rx.toast.success("Trying again now.")

    @rx.event
    @only(Role.EDITOR)
    async def send_test(self, channel_id: int):
        """Queue a test message, and show what becomes of it."""
        self._test_id = await act(self, manual_sends.send_test, channel_id)
        self.test = await ask(self, sent_test, self._test_id)
        return ChannelsState.follow

    @rx.event(background=True)
    @only(Role.VIEWER)
    async def follow(self):
        """Look again soon, until it is known what became of the test."""
        for seconds in FOLLOW_SECONDS:
            await asyncio.sleep(seconds)
            async with self:
                show(self, test=await ask(self, sent_test, self._test_id))
                if self.test.is_over:
                    await self._refresh()
                    return

    @rx.event
    @only(Role.EDITOR)
    async def send_again(self, notification_id: int):
        """Queue a message anew."""
        await act(self, manual_sends.send_again, notification_id)
        await self._refresh()
        return rx.toast.success("Queued to be sent again.")

    @rx.event
    @only(Role.ADMIN)
    async def ask_delete(self, channel_id: int):
        """Ask before a channel is deleted."""
        self.doomed = await ask(self, deletion, "channel", channel_id)

    @rx.event
    @only(Role.ADMIN)
    async def keep(self):
        """Delete nothing."""
        self.doomed = Deletion()

    @rx.event
    @only(Role.ADMIN)
    async def delete(self):
        """Delete what was asked about."""
        doomed, self.doomed = self.doomed, Deletion()
        if doomed.thing != "channel":
            return None
        await act(self, channels.delete_channel, doomed.id)
        self.form, self.told, self.previews = FormView(), DeliveriesView(), ()
        await self._refresh()
        return [FOCUS_OPENER, rx.toast.success(f"{doomed.name} is deleted.")]
