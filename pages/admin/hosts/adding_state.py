"""The part of the hosts' state that adds: a site by its URL, a host, a service of some host."""

from typing import Any

import reflex as rx

from pages.admin.hosts import toasts
from pages.admin.hosts.list_state import HostList
from webmon.commands.inventory.watch_site import watch_site
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.errors import Invalid
from webmon.queries.inventory.hosts import HostName, host_names
from webmon.ui.forms.drafts import drop_draft
from webmon.ui.forms.field import is_ticked
from webmon.ui.rooms.room import Events
from webmon.ui.shell.focus import FOCUS_OPENER
from webmon.ui.states.private import act, as_dict, ask, only, sentence

SITE, SERVICE = "site", "service"
FOCUS_ADDING = rx.call_script(
    "globalThis.openedBy = document.activeElement;"
    "setTimeout(() => document.querySelector('.adding .control')?.focus(), 60)"
)


class Adding(HostList, mixin=True):
    """What is being added, before there is a form for it."""

    adding: str = ""
    """``site``: its URL is asked for; ``service``: its host; empty: nothing."""
    host_names: tuple[HostName, ...] = ()
    watch_mistake: str = ""
    watch_serial: int = 0

    def _namespace_id(self) -> int | None:
        return next((each.id for each in self.namespaces if each.slug == self.namespace), None)

    def _new_followed(self, thing: str) -> Events:
        begin: Events = type(self).add
        return begin(thing) if thing in (SITE, SERVICE) else super()._new_followed(thing)

    @rx.event
    @only(Role.EDITOR)
    async def add(self, what: str) -> Events:
        """Ask for what is needed to add a site or a service."""
        if what == SERVICE:
            self.host_names = await ask(self, host_names)
        self.adding = what if what in (SITE, SERVICE) else ""
        self.watch_mistake = ""
        return FOCUS_ADDING

    @rx.event
    @only(Role.EDITOR)
    async def close_adding(self) -> Events:
        """Add nothing."""
        self.adding = ""
        return FOCUS_OPENER

    @rx.event
    @only(Role.EDITOR)
    async def watch(self, form: dict[str, Any]) -> Events:
        """Watch a site, given its URL."""
        typed = as_dict(form)
        try:
            host = await act(
                self,
                watch_site,
                typed.get("url"),
                namespace_id=read_id(str(typed.get("namespace_id"))) or self._namespace_id(),
                public=is_ticked(typed, "public") or "public_asked" not in typed,
            )
        except Invalid as error:
            self.watch_mistake = sentence(error.message)
            return None
        self.watch_mistake = self.adding = ""
        self.watch_serial += 1
        self._open_up(host.id)
        self._reorder = True
        await self._refresh()
        return [drop_draft("watch"), toasts.watched(host, self.namespaces), type(self).follow]
