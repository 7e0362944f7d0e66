"""Sending by hand, in the rooms that show messages: again, or a test. It may ask first."""

from datetime import datetime
from typing import Any

import reflex as rx

from webmon.clock import utcnow
from webmon.commands.notifications import manual_sends
from webmon.domain.accounts.access import Role
from webmon.queries.notifications.sending_again import SendQuestion, ask_again, ask_test
from webmon.ui.rooms.room import Events, Listing
from webmon.ui.shell.live import modal
from webmon.ui.states.private import act, ask, only


class Sending(Listing, mixin=True):
    """The part of a room's state that sends by hand.

    A message is shown before it is sent again, and a test before it is sent to a public channel.
    """

    send_question: SendQuestion = SendQuestion()

    async def _test_queued(self, notification_id: int) -> Events:
        """Called after a test was queued; returns further events."""

    async def _look(self, asked: SendQuestion) -> SendQuestion:
        """What would be sent now, instead of what was asked about."""
        found: SendQuestion
        if asked.notification_id:
            found = await ask(self, ask_again, asked.notification_id, now=utcnow())
        else:
            told_at = datetime.fromisoformat(asked.asked_at)
            found = await ask(self, ask_test, asked.channel_id, now=told_at)
        return found

    @rx.event
    @only(Role.EDITOR)
    async def ask_send_again(self, notification_id: int) -> None:
        """Show what would be sent again."""
        self.send_question = await ask(self, ask_again, notification_id, now=utcnow())

    @rx.event
    @only(Role.EDITOR)
    async def send_test(self, channel_id: int) -> Events:
        """Queue a test message, or show it where everybody could read it."""
        found: SendQuestion = await ask(self, ask_test, channel_id, now=utcnow())
        if found.is_public:
            self.send_question = found
            return None
        queued = await act(self, manual_sends.send_test, channel_id)
        return await self._test_queued(queued)

    @rx.event
    @only(Role.EDITOR)
    async def send_nothing(self) -> None:
        """Leave the question."""
        self.send_question = SendQuestion()

    @rx.event
    @only(Role.EDITOR)
    async def send_asked(self) -> Events:
        """Send what was asked about. Where it would say something else by now, ask once more."""
        asked, self.send_question = self.send_question, SendQuestion()
        if not asked.channel_id:
            return None
        present = await self._look(asked)
        if (present.text, present.over) != (asked.text, asked.over):
            self.send_question = present
            return rx.toast.warning("It has changed in the meantime: look again.")
        if asked.notification_id:
            await act(self, manual_sends.send_again, asked.notification_id)
            await self._refresh()
            return rx.toast.success("Queued to be sent again.")
        told_at = datetime.fromisoformat(asked.asked_at)
        queued = await act(self, manual_sends.send_test, asked.channel_id, told_at=told_at)
        return await self._test_queued(queued)


def send_question(state: Any) -> rx.Component:
    """The question; ``state`` derives from `Sending`."""
    asked = state.send_question
    return modal(
        rx.el.h2(asked.title, id="send-question"),
        rx.cond(asked.over != "", rx.el.p(rx.el.b(asked.over), class_name="over")),
        rx.el.p(
            rx.cond(asked.is_public, "Everybody will be able to read:", "This will be sent:"),
        ),
        rx.cond(
            asked.text != "",
            rx.el.pre(asked.text, tab_index=0),
            rx.el.p("Nothing: the settings of the channel cannot be used."),
        ),
        rx.el.div(
            rx.el.button(
                "Cancel",
                type="button",
                class_name="button",
                on_click=state.send_nothing,
                auto_focus=True,
            ),
            rx.el.button(
                rx.cond(asked.is_public, "Send it in public", "Send"),
                type="button",
                class_name="button primary",
                on_click=state.send_asked,
            ),
            class_name="form-actions",
        ),
        is_open=asked.channel_id != 0,
        on_cancel=state.send_nothing,
        labelled_by="send-question",
    )
