"""The state of the room "Hosts": what it shows, and what can be done there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import reflex as rx

from pages.admin.hosts import toasts
from pages.admin.hosts.host_access_state import HostAccess
from pages.admin.hosts.host_form import HOST, host_form
from pages.admin.hosts.service_form import SERVICE, edited_service, new_service
from webmon.clock import utcnow
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.access import Role
from webmon.domain.ids import read_id
from webmon.errors import Invalid, NotFound
from webmon.queries.inventory.deletions import Deletion
from webmon.queries.inventory.form_values import host_fields
from webmon.queries.inventory.host_detail import HostDetail, KeyQuestion
from webmon.queries.inventory.host_views import HostsView, NamespaceView, Summary
from webmon.queries.inventory.hosts import LONGEST_SEARCH, admin_hosts, page_of_host
from webmon.queries.inventory.services import ServiceDetail, service_detail, service_form
from webmon.ui.addresses import show_address
from webmon.ui.form import FormView
from webmon.ui.private import PrivateState, act, as_dict, ask, one_line, only, sentence, show
from webmon.ui.room import Editing, Events, edited_by
from webmon.ui.rows import Row, Saved

ROWS = {"host": HOST, "service": SERVICE}


@edited_by(Role.EDITOR)
class HostsState(HostAccess, Editing, PrivateState):
    """One person's view of the hosts in one tab."""

    who: str = ""
    is_admin: bool = False
    summary: Summary = Summary()
    namespaces: tuple[NamespaceView, ...] = ()

    search: str = ""
    search_serial: int = 0
    """Another one whenever an address brings another search into the field."""
    namespace: str = ""
    detail: ServiceDetail = ServiceDetail()
    watch_mistake: str = ""
    watch_serial: int = 0

    async def _read(self, now: datetime) -> None:
        """Hosts stay in place while a form is open."""
        view: HostsView = await ask(
            self,
            admin_hosts,
            search=self.search,
            namespace=self.namespace,
            page=self._page,
            keep=[host.id for host in self.hosts] if self.form.thing else [],
            asked=dict(self._asked),
            now=now,
        )
        self._note_answers(view)
        self._page = view.summary.page
        show(
            self,
            who=view.who,
            can_edit=view.can_edit,
            is_admin=view.is_admin,
            summary=view.summary,
            namespaces=view.namespaces,
            hosts=view.hosts,
        )
        await self._read_details()

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
            "namespace": self.namespace,
            "search": self.search,
            "page": self._page,
            "host": self.host.id,
            "service": self.detail.id,
        }

    async def _follow(self, address: Mapping[str, str]) -> None:
        search = one_line(address.get("search", ""), LONGEST_SEARCH)
        if search != self.search:
            self.search, self.search_serial = search, self.search_serial + 1
        self.namespace = one_line(address.get("namespace", ""), LONGEST_SEARCH)
        opened = {f"{name}_id": read_id(address.get(name)) for name in ("host", "service")}
        self._page = read_id(address.get("page"))
        if any(opened.values()) and not self._page:
            chosen = {"search": self.search, "namespace": self.namespace}
            self._page = await ask(self, page_of_host, **opened, **chosen)
        if opened["host_id"] != self.host.id:
            self.host = HostDetail()
        if opened["service_id"] != self.detail.id:
            self.detail = ServiceDetail()

    async def _open_followed(self, address: Mapping[str, str]) -> None:
        service_id, host_id = read_id(address.get("service")), read_id(address.get("host"))
        if service_id:
            self.detail = await self._detail(service_id)
        if host_id:
            await self._open_host(host_id)

    def _rows(self) -> Mapping[str, Row]:
        return ROWS

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:
        if thing == "service" and row_id:
            return edited_service(await ask(self, service_form, row_id))
        if thing == "service":
            host = await ask(self, host_fields, parent_id)
            return new_service(host["id"], host["name"])
        stored = await ask(self, host_fields, row_id) if row_id else {}
        return host_form(self.namespaces, stored, namespace_id=self._namespace_id())

    def _namespace_id(self) -> int | None:
        return next((each.id for each in self.namespaces if each.slug == self.namespace), None)

    async def _saved(self, row: Saved) -> list[Events]:
        """Where a host is reached over SSH, the line to install is what comes next."""
        has_ssh = row.thing == "host" and row.fields["ssh"] is not None
        if has_ssh or self.host.id:
            await self._open_host(row.id if has_ssh else self.host.id)
        return [HostsState.follow]

    def _deleted(self, thing: str) -> None:
        self.detail = ServiceDetail()
        if thing == "host":
            self.host = HostDetail()

    @rx.event
    @only(Role.VIEWER)
    async def tick(self) -> Events:
        """Some seconds have gone by."""
        await self._refresh()
        return self._results()

    @rx.event
    @only(Role.VIEWER)
    async def search_for(self, text: str) -> Events:
        """Show the hosts that contain ``text``."""
        self.search, self._page = one_line(text, LONGEST_SEARCH), 1
        await self._refresh()
        return show_address(self._address(), replace=True)

    @rx.event
    @only(Role.VIEWER)
    async def choose_namespace(self, slug: str) -> Events:
        """Show one namespace; the empty slug means all."""
        known = any(each.slug == slug for each in self.namespaces)
        self.namespace, self._page = slug if known else "", 1
        await self._refresh()
        return show_address(self._address())

    @rx.event
    @only(Role.VIEWER)
    async def toggle_detail(self, service_id: int) -> Events:
        """Open or close what is known of a service."""
        is_open = self.detail.id == service_id
        self.detail = ServiceDetail() if is_open else await self._detail(service_id)
        return show_address(self._address())

    @rx.event
    @only(Role.EDITOR)
    async def watch(self, form: dict[str, Any]) -> Events:
        """Watch a site, given its URL."""
        url, namespace_id = as_dict(form).get("url"), self._namespace_id()
        try:
            host = await act(self, watch_site, url, namespace_id=namespace_id)
        except Invalid as error:
            self.watch_mistake = sentence(error.message)
            return
        self.watch_mistake = ""
        self.watch_serial += 1
        await self._refresh()
        return [toasts.watched(host, self.namespaces), HostsState.follow]

    @rx.event
    @only(Role.EDITOR)
    async def keep(self) -> None:
        """Delete nothing, accept no key."""
        self.doomed, self.key_question = Deletion(), KeyQuestion()
