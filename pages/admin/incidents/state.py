"""The state of the incidents' page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from pages.admin.channels.sending import Sending
from webmon.clock import utcnow
from webmon.commands.notifications import (
    acknowledgements,
    incident_updates,
    mutes,
)
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.errors import Invalid, NotFound
from webmon.queries.downtimes.room import TimeView, times_of_incident
from webmon.queries.notifications.incident_detail import IncidentDetail, incident_detail
from webmon.queries.notifications.incidents import IncidentsView, Wanted, admin_incidents
from webmon.ui.forms.drafts import drop_draft
from webmon.ui.rooms.quieting import LENGTHS
from webmon.ui.rooms.room import Events
from webmon.ui.shell.focus import FOCUS_MISTAKE, focus_on
from webmon.ui.states.private import PrivateState, act, as_dict, ask, only, sentence, show

UPDATE_TEXT = "update-text"
FOCUS_TEXT = focus_on(f"#{UPDATE_TEXT}")


ROOM = "/incidents/"


class IncidentsState(Sending, PrivateState):
    """One person's view of the incidents in one tab."""

    view: IncidentsView = IncidentsView()
    detail: IncidentDetail = IncidentDetail()
    planned: tuple[TimeView, ...] = ()
    """The planned downtime that the open incident fell into."""
    mistake: str = ""
    """What is wrong with the update that was written."""
    serial: int = 0
    """Another one for every update, so that the browser starts from an empty form."""

    mute_mistake: str = ""
    only_open: bool = False
    host_id: int = 0
    rest: str = ""
    """The filters as they stand in the address, each followed by ``&``."""

    _namespace: str = ""

    def _address(self) -> dict[str, object]:
        return {
            "show": "open" if self.only_open else "",
            "namespace": self._namespace,
            "host": self.host_id,
            "page": self._page,
            "incident": self.detail.id,
        }

    async def _follow(self, chosen: Mapping[str, str]) -> None:
        self._page = read_id(chosen.get("page")) or 1
        self.only_open = chosen.get("show", "") == "open"
        self._namespace = chosen.get("namespace", "")[:50]
        self.host_id = read_id(chosen.get("host"))
        filters = {"show": "open" if self.only_open else "", "namespace": self._namespace}
        filters["host"] = str(self.host_id or "")
        self.rest = "".join(
            urlencode({name: value}) + "&" for name, value in filters.items() if value
        )
        self.mistake = self.mute_mistake = ""
        self.detail = IncidentDetail(id=read_id(chosen.get("incident")))

    async def _read(self, now: datetime) -> None:
        wanted = Wanted(self.only_open, self._namespace, self.host_id, self.detail.id)
        view: IncidentsView = await ask(
            self, admin_incidents, wanted=wanted, page=self._page, now=now
        )
        self._page = view.page
        show(self, view=view)
        if self.detail.id:
            await self._open(self.detail.id)

    async def _open(self, incident_id: int) -> None:
        """Show what happened in an incident; nothing where it is gone."""
        try:
            detail = await ask(self, incident_detail, incident_id)
        except NotFound:
            detail = IncidentDetail()
        planned = await ask(self, times_of_incident, detail.id, now=utcnow())
        show(self, detail=detail, planned=planned)

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
        return [drop_draft(f"update:{self.detail.id}"), FOCUS_TEXT, told]

    @rx.event
    @only(Role.EDITOR)
    async def acknowledge(self, incident_ids: list[int]) -> Events:
        """Take incidents."""
        wanted = incident_ids if isinstance(incident_ids, list) else []
        taken = await act(self, acknowledgements.acknowledge, wanted)
        await self._refresh()
        return rx.toast.success("Acknowledged." if taken else "It was acknowledged before.")

    @rx.event
    @only(Role.EDITOR)
    async def mute(self, form: dict[str, Any]) -> Events:
        """Mute the host or the service of the open incident."""
        typed = as_dict(form)
        length = LENGTHS.get(str(typed.get("until")))
        whole = {"until_at": utcnow() + length if length is not None else None}
        whole["reason"] = typed.get("reason", "")
        try:
            if typed.get("what") == "host":
                await act(self, mutes.mute_host, self.detail.host_id, **whole)
            else:
                await act(self, mutes.mute_service, self.detail.service_id, **whole)
        except Invalid as error:
            self.mute_mistake = sentence(error.message)
            return FOCUS_MISTAKE
        self.mute_mistake = ""
        self.serial += 1
        await self._refresh()
        return [drop_draft(f"mute:{self.detail.id}"), rx.toast.success("Muted.")]

    @rx.event
    @only(Role.EDITOR)
    async def end_mute(self, mute_id: int) -> Events:
        """End a mute early."""
        await act(self, mutes.end_mute, mute_id)
        await self._refresh()
        return rx.toast.success("No longer muted.")
