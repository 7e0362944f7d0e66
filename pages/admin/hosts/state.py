"""The state of the room "Hosts": what it shows, and what can be done there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import reflex as rx

from pages.admin.hosts.adding_state import Adding
from pages.admin.hosts.bulk_state import Bulk
from pages.admin.hosts.host_access_state import HostAccess
from pages.admin.hosts.host_form import HOST, copied_host, host_form
from pages.admin.hosts.service_form import SERVICE, copied_service, edited_service, new_service
from webmon.clock import utcnow
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.errors import NotFound
from webmon.queries.inventory.deletions import Deletion
from webmon.queries.inventory.form_values import copied_services, host_fields
from webmon.queries.inventory.host_detail import HostDetail, KeyQuestion
from webmon.queries.inventory.host_views import HostsView
from webmon.queries.inventory.hosts import admin_hosts, place_of
from webmon.queries.inventory.services import ServiceDetail, service_detail, service_form
from webmon.ui.addresses import show_address
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.room import Events, edited_by
from webmon.ui.rooms.rows import Row, Saved
from webmon.ui.rooms.trials import Trying
from webmon.ui.states.private import PrivateState, as_dict, ask, only, show

ROWS = {"host": HOST, "service": SERVICE}


class AskedForm(NamedTuple):
    """The form that an address asks for: of a row, or of a copy of it."""

    thing: str
    id: int
    is_copy: bool


def _asked_form(address: Mapping[str, str]) -> AskedForm | None:
    for how in ("edit", "duplicate"):
        thing, _, named = address.get(how, "").partition(".")
        if thing in ROWS and (row_id := read_id(named)):
            return AskedForm(thing, row_id, how == "duplicate")
    return None


@edited_by(Role.EDITOR)
class HostsState(Bulk, Adding, HostAccess, Trying, PrivateState):
    """One person's view of the hosts in one tab."""

    who: str = ""
    is_admin: bool = False
    form_apart: bool = False
    """The row of the open form is not in the list: it was deleted, or the filters hide it."""

    async def _read(self, now: datetime) -> None:
        view: HostsView = await ask(
            self,
            admin_hosts,
            choice=self._choice(),
            page=self._page,
            opened=self._opened_rows(),
            now=now,
            lately=self._ticking,
        )
        self._note_answers(view)
        self._page = view.summary.page
        self._note_order(view)
        show(
            self,
            who=view.who,
            can_edit=view.can_edit,
            is_admin=view.is_admin,
            summary=view.summary,
            namespaces=view.namespaces,
            tags=view.tags,
            hosts=view.hosts,
        )
        self._note_place_of_form()
        await self._read_details()

    def _begin(self, form: FormView) -> None:
        super()._begin(form)
        self._note_place_of_form()

    def _note_place_of_form(self) -> None:
        thing, row_id = self.form.thing, self.form.id
        if thing == "service" and row_id:
            ids = {each.id for host in self.hosts if host.is_open for each in host.services}
        else:
            ids = {host.id for host in self.hosts}
            row_id = row_id if thing == "host" else self.form.parent
        show(self, form_apart=bool(thing and row_id and row_id not in ids))

    def _holds(self) -> bool:
        """Something is open that must not move away."""
        is_open = self.detail.id or self.host.id or self.form.thing or self.doomed.thing
        return bool(is_open or self.selected) or self._held

    async def _read_details(self) -> None:
        """Show what is open as it is now, and close what was deleted."""
        try:
            if self.detail.id:
                show(self, detail=await self._detail(self.detail.id))
        except NotFound:
            self.detail = ServiceDetail()
        await self._read_host()

    async def _detail(self, service_id: int) -> ServiceDetail:
        detail: ServiceDetail = await ask(self, service_detail, service_id, now=utcnow())
        return detail

    def _address(self) -> dict[str, object]:
        return {
            **self._list_address(),
            "page": self._page,
            "host": self.host.id,
            "service": self.detail.id,
        }

    async def _follow(self, address: Mapping[str, str]) -> None:
        self._follow_list(address)
        opened = {f"{name}_id": read_id(address.get(name)) for name in ("host", "service")}
        self._page = read_id(address.get("page"))
        if any(opened.values()):
            page, host_id = await ask(self, place_of, **opened, choice=self._choice(), now=utcnow())
            self._page = self._page or page
            self._open_up(host_id)
        if form := _asked_form(address):
            of = {f"{form.thing}_id": form.id}
            self._page, host_id = await ask(
                self, place_of, **of, choice=self._choice(), now=utcnow()
            )
            self._open_up(host_id)
        if opened["host_id"] != self.host.id:
            self.host = HostDetail()
        if opened["service_id"] != self.detail.id:
            self.detail = ServiceDetail()

    async def _open_followed(self, address: Mapping[str, str]) -> Events:
        service_id, host_id = read_id(address.get("service")), read_id(address.get("host"))
        if service_id:
            self.detail = await self._detail(service_id)
        if host_id:
            await self._open_host(host_id)
        form = _asked_form(address)
        if form is None:
            return None
        ids = (0, 0, form.id) if form.is_copy else (form.id, 0, 0)
        shown = await self._show_form(form.thing, *ids)
        return [show_address(self._address(), replace=True), shown]

    def _rows(self) -> Mapping[str, Row]:
        return ROWS

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:
        if thing == "service" and row_id:
            service = await ask(self, service_form, row_id)
            return edited_service(service, await ask(self, host_fields, service.host_id))
        if thing == "service":
            return new_service(await ask(self, host_fields, parent_id))
        stored = await ask(self, host_fields, row_id) if row_id else {}
        return host_form(self.namespaces, stored, namespace_id=self._namespace_id())

    async def _draw_copy(self, thing: str, row_id: int) -> FormView:
        if thing == "service":
            stored = await ask(self, service_form, row_id)
            return copied_service(stored, await ask(self, host_fields, stored.host_id))
        host, services = (
            await ask(self, host_fields, row_id),
            await ask(self, copied_services, row_id),
        )
        return copied_host(self.namespaces, host, services)

    async def _show_form(self, thing: str, row_id: int, parent_id: int, copied: int = 0) -> Events:
        """It stands among the services of the host, which are shown with it."""
        shown = await super()._show_form(thing, row_id, parent_id, copied)
        if self.form.thing == "service":
            self._open_up(self.form.parent)
            await self._refresh()
        return shown

    async def _saved(self, row: Saved) -> list[Events]:
        """It is shown at once; of a host that is reached over SSH, also the line to install."""
        of = {f"{row.thing}_id": row.id}
        _, host_id = await ask(self, place_of, **of, choice=self._choice(), now=utcnow())
        self._open_up(host_id)
        self._reorder = True
        await self._refresh()
        has_ssh = row.fields.get("ssh") is not None
        of_host = row.id if row.thing == "host" else host_id
        if has_ssh or self.host.id:
            await self._open_host(of_host if has_ssh else self.host.id)
        return [HostsState.follow]

    def _deleted(self, thing: str) -> None:
        self.detail = ServiceDetail()
        if thing == "host":
            self.host = HostDetail()

    def _came_back(self) -> None:
        self._reorder = True

    @rx.event
    @only(Role.VIEWER)
    async def tick(self, held: bool = False) -> Events:
        """Some seconds have gone by; ``held``: pointer or focus is within the list."""
        self._held = held is True
        self._reorder = not self._holds()
        self._end_undo(utcnow())
        await self._tick()
        return self._results()

    @rx.event
    @only(Role.VIEWER)
    async def toggle_detail(self, service_id: int) -> Events:
        """Open or close what is known of a service."""
        is_open = self.detail.id == service_id
        self.detail = ServiceDetail() if is_open else await self._detail(service_id)
        return show_address(self._address())

    @rx.event
    @only(Role.EDITOR)
    async def choose_host(self, form: dict[str, Any]) -> Events:
        """Open the form of a new service of the host that was chosen."""
        self.adding = ""
        return await self._show_form("service", 0, read_id(str(as_dict(form).get("host"))))

    @rx.event
    @only(Role.EDITOR)
    async def keep(self) -> None:
        """Delete nothing, accept no key."""
        self.doomed, self.key_question = Deletion(), KeyQuestion()
