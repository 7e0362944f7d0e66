"""The state of the incidents' page."""

from datetime import datetime
from typing import Any

import reflex as rx

from webmon.commands.notifications import acknowledgements, incident_updates, manual_sends
from webmon.domain.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.notifications.incidents import (
    IncidentDetail,
    IncidentsView,
    admin_incidents,
    incident_detail,
)
from webmon.ui.form_view import FOCUS_MISTAKE, SOON_MS
from webmon.ui.private import PrivateState, act, as_dict, ask, only, sentence, show
from webmon.ui.room import Events, Listing

UPDATE_TEXT = "update-text"
FOCUS_TEXT = rx.call_script(
    f"setTimeout(() => document.getElementById('{UPDATE_TEXT}')?.focus(), {SOON_MS})"
)


class IncidentsState(Listing, PrivateState):
    """One person's view of the incidents in one tab."""

    view: IncidentsView = IncidentsView()
    detail: IncidentDetail = IncidentDetail()
    mistake: str = ""
    """What is wrong with the update that was written."""
    serial: int = 0
    """Another one for every update, so that the browser starts from an empty form."""

    async def _read(self, now: datetime) -> None:
        view: IncidentsView = await ask(self, admin_incidents, page=self._page, now=now)
        self._page = view.page
        show(self, view=view)
        if self.detail.id:
            await self._open(self.detail.id)

    async def _open(self, incident_id: int) -> None:
        """Show who was told; nothing where the incident is gone."""
        try:
            detail = await ask(self, incident_detail, incident_id)
        except NotFound:
            detail = IncidentDetail()
        show(self, detail=detail)

    @rx.event
    @only(Role.VIEWER)
    async def toggle(self, incident_id: int) -> None:
        """Open or close who was told of an incident."""
        self.mistake = ""
        if self.detail.id == incident_id:
            self.detail = IncidentDetail()
        else:
            await self._open(incident_id)

    @rx.event
    @only(Role.EDITOR)
    async def write_update(self, form: dict[str, Any]) -> Events:
        """Tell what was written about the open incident."""
        text = as_dict(form).get("text", "")
        try:
            await act(self, incident_updates.write_update, self.detail.id, text)
        except Invalid as error:
            self.mistake = sentence(error.message)
            return FOCUS_MISTAKE
        self.mistake = ""
        self.serial += 1
        await self._refresh()
        told = rx.toast.success("Published, and queued for the channels that receive updates.")
        return [FOCUS_TEXT, told]

    @rx.event
    @only(Role.EDITOR)
    async def acknowledge(self, incident_id: int) -> Events:
        """Take an incident."""
        taken = await act(self, acknowledgements.acknowledge, [incident_id])
        await self._refresh()
        return rx.toast.success("Acknowledged." if taken else "It was acknowledged before.")

    @rx.event
    @only(Role.EDITOR)
    async def send_again(self, notification_id: int) -> Events:
        """Queue a message to be sent again."""
        await act(self, manual_sends.send_again, notification_id)
        await self._refresh()
        return rx.toast.success("Queued to be sent again.")
