"""The state of the incidents' page."""

import reflex as rx

from webmon.clock import utcnow
from webmon.commands.notifications import incident_updates, manual_sends
from webmon.domain.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.notifications.incidents import (
    IncidentDetail,
    IncidentsView,
    admin_incidents,
    incident_detail,
)
from webmon.ui.form import FOCUS_LIST, FOCUS_MISTAKE, SOON_MS
from webmon.ui.private import PrivateState, act, as_dict, ask, only, sentence, show

UPDATE_TEXT = "update-text"
FOCUS_TEXT = rx.call_script(
    f"setTimeout(() => document.getElementById('{UPDATE_TEXT}')?.focus(), {SOON_MS})"
)


class IncidentsState(PrivateState):
    """One person's view of the incidents in one tab."""

    loaded: bool = False
    as_of: str = ""
    view: IncidentsView = IncidentsView()
    detail: IncidentDetail = IncidentDetail()
    mistake: str = ""
    """What is wrong with the update that was written."""
    serial: int = 0
    """Another one for every update, so that the browser starts from an empty form."""

    _page: int = 1

    async def _refresh(self) -> None:
        """Show what the database knows now."""
        now = utcnow()
        view: IncidentsView = await ask(self, admin_incidents, page=self._page, now=now)
        self._page = view.page
        show(self, loaded=True, as_of=now.isoformat(), view=view)
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
    async def turn_to(self, page: int):
        """Show another page of the list."""
        self._page = page if isinstance(page, int) else 1
        await self._refresh()
        return FOCUS_LIST

    @rx.event
    @only(Role.VIEWER)
    async def toggle(self, incident_id: int):
        """Open or close who was told of an incident."""
        self.mistake = ""
        if self.detail.id == incident_id:
            self.detail = IncidentDetail()
        else:
            await self._open(incident_id)

    @rx.event
    @only(Role.EDITOR)
    async def write_update(self, form: dict):
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
    async def send_again(self, notification_id: int):
        """Queue a message anew."""
        await act(self, manual_sends.send_again, notification_id)
        await self._refresh()
        return rx.toast.success("Queued to be sent again.")
