"""The state of the room "Hosts": what it shows, and what can be done there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import reflex as rx

from pages.admin.hosts import toasts
from pages.admin.hosts.host_access_state import HostAccess
from pages.admin.hosts.host_form import HOST, host_form
from pages.admin.hosts.namespace_form import NAMESPACE, namespace_form
from pages.admin.hosts.service_form import SERVICE, edited_service, new_service
from webmon.clock import utcnow
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.inventory.deletions import Deletion
from webmon.queries.inventory.form_values import (
    host_fields,
    may_allow_networks,
    namespace_fields,
)
from webmon.queries.inventory.host_detail import HostDetail, KeyQuestion
from webmon.queries.inventory.host_views import HostsView, NamespaceView, Summary
from webmon.queries.inventory.hosts import LONGEST_SEARCH, admin_hosts
from webmon.queries.inventory.services import ServiceDetail, service_detail, service_form
from webmon.ui.form import FormView
from webmon.ui.private import PrivateState, act, as_dict, ask, one_line, only, sentence, show
from webmon.ui.room import Editing, Events, edited_by
from webmon.ui.rows import Row, Saved

ROWS = {"namespace": NAMESPACE, "host": HOST, "service": SERVICE}


@edited_by(Role.EDITOR)
class HostsState(HostAccess, Editing, PrivateState):
    """One person's view of the hosts in one tab."""

    who: str = ""
    can_edit_namespaces: bool = False
    is_admin: bool = False
    summary: Summary = Summary()
    namespaces: tuple[NamespaceView, ...] = ()

    search: str = ""
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
            can_edit_namespaces=view.can_edit_namespaces,
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

    def _rows(self) -> Mapping[str, Row]:
        return ROWS

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:
        if thing == "service" and row_id:
            return edited_service(await ask(self, service_form, row_id))
        if thing == "service":
            host = await ask(self, host_fields, parent_id)
            return new_service(host["id"], host["name"])
        if thing == "namespace":
            stored = await ask(self, namespace_fields, row_id) if row_id else {}
            return namespace_form(stored, may_allow=await ask(self, may_allow_networks))
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
    async def search_for(self, text: str) -> None:
        """Show the hosts that contain ``text``."""
        self.search, self._page = one_line(text, LONGEST_SEARCH), 1
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def choose_namespace(self, slug: str) -> None:
        """Show one namespace; the empty slug means all."""
        known = any(each.slug == slug for each in self.namespaces)
        self.namespace, self._page = slug if known else "", 1
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def toggle_detail(self, service_id: int) -> None:
        """Open or close what is known of a service."""
        is_open = self.detail.id == service_id
        self.detail = ServiceDetail() if is_open else await self._detail(service_id)

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
