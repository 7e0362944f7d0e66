"""The state of the admin app's first page: what it shows, and what can be done there."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import reflex as rx

from pages.admin.hosts import forms, toasts
from pages.admin.hosts.saving import DELETE, saving
from webmon.clock import utcnow
from webmon.commands.inventory import hosts as host_commands
from webmon.commands.inventory import services
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.inventory.deletions import Deletion, deletion
from webmon.queries.inventory.form_values import host_fields, namespace_fields
from webmon.queries.inventory.host_detail import (
    HostDetail,
    KeyQuestion,
    host_detail,
    install_line,
    key_question,
)
from webmon.queries.inventory.host_views import HostsView, HostView, NamespaceView, Summary
from webmon.queries.inventory.hosts import LONGEST_SEARCH, admin_hosts
from webmon.queries.inventory.services import ServiceDetail, service_detail, service_form
from webmon.ui.form import (
    FOCUS_FORM,
    FOCUS_LIST,
    FOCUS_MISTAKE,
    FOCUS_OPENER,
    FormView,
    Mistake,
)
from webmon.ui.private import PrivateState, act, as_dict, ask, one_line, only, sentence, show

FOLLOW_SECONDS = (0.4, 0.6, 1, 1, 1, 2, 2, 2, 2, 3)
"""When to look for the result of a check that somebody asked for."""


class HostsState(PrivateState):
    """One person's view of the hosts in one tab."""

    loaded: bool = False
    who: str = ""
    as_of: str = ""
    can_edit: bool = False
    can_edit_namespaces: bool = False
    is_admin: bool = False
    summary: Summary = Summary()
    namespaces: tuple[NamespaceView, ...] = ()
    hosts: tuple[HostView, ...] = ()

    search: str = ""
    namespace: str = ""
    detail: ServiceDetail = ServiceDetail()
    host: HostDetail = HostDetail()
    install_line: str = ""
    form: FormView = FormView()
    mistake: Mistake = Mistake()
    watch_mistake: str = ""
    watch_serial: int = 0
    doomed: Deletion = Deletion()
    key_question: KeyQuestion = KeyQuestion()

    _page: int = 1
    _serial: int = 0
    _asked: dict[int, datetime] = rx.field(default_factory=dict)
    _answered: set[int] = rx.field(default_factory=set)

    async def _refresh(self) -> None:
        """Show what the database knows now. Hosts stay in place while a form is open."""
        keep = [host.id for host in self.hosts] if self.form.thing else []
        now = utcnow()
        view: HostsView = await ask(
            self,
            admin_hosts,
            search=self.search,
            namespace=self.namespace,
            page=self._page,
            keep=keep,
            asked=dict(self._asked),
            now=now,
        )
        still = _still_asked(self._asked, view)
        self._answered |= self._asked.keys() - still.keys()
        self._asked = still
        self._page = view.summary.page
        show(
            self,
            loaded=True,
            who=view.who,
            as_of=now.isoformat(),
            can_edit=view.can_edit,
            can_edit_namespaces=view.can_edit_namespaces,
            is_admin=view.is_admin,
            summary=view.summary,
            namespaces=view.namespaces,
            hosts=view.hosts,
        )
        await self._refresh_details()

    async def _refresh_details(self) -> None:
        """Show anew what is open, and close what is no longer there."""
        try:
            if self.detail.id:
                show(self, detail=await self._detail(self.detail.id))
        except NotFound:
            self.detail = ServiceDetail()
        try:
            if self.host.id:
                show(self, host=await ask(self, host_detail, self.host.id))
        except NotFound:
            self.host = HostDetail()

    async def _detail(self, service_id: int) -> ServiceDetail:
        return await ask(self, service_detail, service_id, now=utcnow())

    async def _open_host(self, host_id: int) -> None:
        """Show how a host is reached; the line to install is worked out only here."""
        host = await ask(self, host_detail, host_id)
        line = await ask(self, install_line, host_id) if self.can_edit else ""
        show(self, host=host, install_line=line)

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
        return self._results()

    @rx.event
    @only(Role.VIEWER)
    async def search_for(self, text: str):
        """Show the hosts that contain ``text``."""
        self.search, self._page = one_line(text, LONGEST_SEARCH), 1
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def choose_namespace(self, slug: str):
        """Show one namespace; the empty slug means all."""
        known = any(each.slug == slug for each in self.namespaces)
        self.namespace, self._page = slug if known else "", 1
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def turn_to(self, page: int):
        """Show another page of the list."""
        self._page = page if isinstance(page, int) else 1
        self.form = FormView()
        await self._refresh()
        return FOCUS_LIST

    @rx.event
    @only(Role.VIEWER)
    async def toggle_detail(self, service_id: int):
        """Open or close what is known of a service."""
        is_open = self.detail.id == service_id
        self.detail = ServiceDetail() if is_open else await self._detail(service_id)

    @rx.event
    @only(Role.VIEWER)
    async def toggle_host(self, host_id: int):
        """Open or close how a host is reached over SSH."""
        if self.host.id == host_id:
            self.host = HostDetail()
        else:
            await self._open_host(host_id)

    @rx.event
    @only(Role.EDITOR)
    async def watch(self, form: dict):
        """Watch a site, given its URL."""
        chosen = _id_of(self.namespace, self.namespaces)
        try:
            host = await act(self, watch_site, as_dict(form).get("url"), namespace_id=chosen)
        except Invalid as error:
            self.watch_mistake = sentence(error.message)
            return
        self.watch_mistake = ""
        self.watch_serial += 1
        await self._refresh()
        return [toasts.watched(host, self.namespaces), HostsState.follow]

    @rx.event
    @only(Role.EDITOR)
    async def open_host(self, host_id: int):
        """The form of a host; 0 for a new one."""
        stored = await ask(self, host_fields, host_id) if host_id else {}
        chosen = _id_of(self.namespace, self.namespaces)
        form = forms.host_form(self.namespaces, stored, self._next_serial(), namespace_id=chosen)
        return self._open(form)

    @rx.event
    @only(Role.EDITOR)
    async def open_namespace(self, namespace_id: int):
        """The form of a namespace; 0 for a new one."""
        stored = await ask(self, namespace_fields, namespace_id) if namespace_id else {}
        return self._open(forms.namespace_form(stored, self._next_serial()))

    @rx.event
    @only(Role.EDITOR)
    async def open_new_service(self, host_id: int):
        """An empty form for a service of a host."""
        host = await ask(self, host_fields, host_id)
        return self._open(forms.new_service(host["id"], host["name"], self._next_serial()))

    @rx.event
    @only(Role.EDITOR)
    async def open_service(self, service_id: int):
        """The form of a service."""
        stored = await ask(self, service_form, service_id)
        return self._open(forms.edited_service(stored, self._next_serial()))

    @rx.event
    @only(Role.EDITOR)
    async def choose_kind(self, kind: str):
        """Draw the open form again for another kind."""
        self.form = forms.with_kind(self.form, kind)
        self.mistake = Mistake()

    @rx.event
    @only(Role.EDITOR)
    async def close_form(self):
        """Leave the form; what was typed is forgotten."""
        self._open(FormView())
        return FOCUS_OPENER

    @rx.event
    @only(Role.EDITOR)
    async def save(self, form: dict):
        """Do what the open form says; where something is wrong it stays open and says so."""
        try:
            command, arguments = saving(self.form, as_dict(form))
            saved = await act(self, command, *arguments)
        except Invalid as error:
            self.mistake = self.form.mistake(error.field, sentence(error.message))
            return FOCUS_MISTAKE
        self._open(FormView())
        await self._refresh()
        if saved.has_ssh or self.host.id:
            await self._open_host(saved.id if saved.has_ssh else self.host.id)
        return [FOCUS_OPENER, rx.toast.success(f"{saved.name} is saved."), HostsState.follow]

    @rx.event
    @only(Role.EDITOR)
    async def check(self, service_id: int):
        """Have a service looked at now, and show the result when it is there."""
        asked_at = utcnow()
        await act(self, services.check_now, service_id)
        self._asked = {**self._asked, service_id: asked_at}
        await self._refresh()
        return HostsState.follow

    @rx.event
    @only(Role.EDITOR)
    async def pause(self, service_id: int):
        """Stop looking at a service."""
        await act(self, services.pause, service_id)
        await self._refresh()
        return rx.toast.success("Paused.")

    @rx.event
    @only(Role.EDITOR)
    async def resume(self, service_id: int):
        """Look at a service again."""
        await act(self, services.resume, service_id)
        await self._refresh()
        return [rx.toast.success("Resumed."), HostsState.follow]

    @rx.event(background=True)
    @only(Role.VIEWER)
    async def follow(self):
        """Look again soon, for as long as something is expected."""
        for seconds in FOLLOW_SECONDS:
            await asyncio.sleep(seconds)
            async with self:
                await self._refresh()
                results = self._results()
                if not self._expects():
                    return results
                if results:
                    return [*results, HostsState.follow]
        return None

    def _results(self) -> list[rx.event.EventSpec]:
        """What came of the checks that somebody asked for, once each."""
        answered, self._answered = self._answered, set()
        services = [service for host in self.hosts for service in host.services]
        return [toasts.result(service) for service in services if service.id in answered]

    def _expects(self) -> bool:
        return bool(self._asked) or any(
            service.status == "unknown" for host in self.hosts for service in host.services
        )

    @rx.event
    @only(Role.EDITOR)
    async def ask_delete(self, thing: str, row_id: int):
        """Ask before something is deleted."""
        self.doomed = await ask(self, deletion, thing, row_id)

    @rx.event
    @only(Role.EDITOR)
    async def keep(self):
        """Delete nothing, accept nothing."""
        self.doomed, self.key_question = Deletion(), KeyQuestion()

    @rx.event
    @only(Role.ADMIN)
    async def ask_accept_key(self, host_id: int, port: int):
        """Ask before a host is taken for the same in spite of another key."""
        self.key_question = await ask(self, key_question, host_id, port)

    @rx.event
    @only(Role.ADMIN)
    async def accept_key(self):
        """Know a host by the key that was shown with the question."""
        asked, self.key_question = self.key_question, KeyQuestion()
        if not asked.host_id:
            return None
        key = asked.key_type, asked.fingerprint
        await act(self, host_commands.accept_host_key, asked.host_id, asked.port, *key)
        await self._refresh()
        told = f"The new key of {asked.host} is accepted: {asked.fingerprint}"
        return [FOCUS_OPENER, rx.toast.success(told), HostsState.follow]

    @rx.event
    @only(Role.EDITOR)
    async def delete(self):
        """Delete what was asked about."""
        doomed, self.doomed = self.doomed, Deletion()
        if doomed.thing not in DELETE:
            return None
        await act(self, DELETE[doomed.thing], doomed.id)
        self.form, self.detail = FormView(), ServiceDetail()
        if doomed.thing == "host":
            self.host = HostDetail()
        await self._refresh()
        return [FOCUS_OPENER, rx.toast.success(f"{doomed.name} is deleted.")]

    def _open(self, form: FormView) -> rx.event.EventSpec:
        """Show ``form`` (an empty one: none); returns what moves the focus into it."""
        self.form, self.mistake = form, Mistake()
        return FOCUS_FORM

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial


def _still_asked(asked: Mapping[int, datetime], view: HostsView) -> dict[int, datetime]:
    waiting = {service.id for host in view.hosts for service in host.services if service.asked}
    return {service_id: at for service_id, at in asked.items() if service_id in waiting}


def _id_of(slug: str, present: tuple[NamespaceView, ...]) -> int | None:
    return next((each.id for each in present if each.slug == slug), None)
