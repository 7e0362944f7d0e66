"""The part of the hosts' state about the list itself: what it shows, in which order, what is open.

The order holds while somebody is at work in the list. It is taken from the database again when
another page, search, filter or order is chosen, and at a tick when nobody uses the list.
"""

from collections.abc import Mapping

import reflex as rx

from pages.admin.hosts.asked_checks import AskedChecks
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.probes import PROBES
from webmon.queries.inventory.host_choice import LONGEST_SEARCH, WRONG, Choice, Sort
from webmon.queries.inventory.host_rows import Opened
from webmon.queries.inventory.host_views import HostsView, NamespaceView, Summary
from webmon.queries.inventory.services import ServiceDetail
from webmon.ui.addresses import show_address
from webmon.ui.rooms.room import Events
from webmon.ui.states.private import one_line, only

STATUSES = {
    WRONG: "Down or in difficulties",
    "down": "Down",
    "degraded": "In difficulties",
    "up": "Up",
    "unknown": "Not checked yet",
    "paused": "Paused",
}
MOST_OPENED = 50
"""As many hosts as an address names as opened."""


class HostList(AskedChecks, mixin=True):
    """What the list shows."""

    summary: Summary = Summary()
    namespaces: tuple[NamespaceView, ...] = ()
    tags: tuple[str, ...] = ()
    detail: ServiceDetail = ServiceDetail()

    search: str = ""
    search_serial: int = 0
    """Another one whenever an address brings another search into the field."""
    namespace: str = ""
    status: str = ""
    kind: str = ""
    tag: str = ""
    sort: str = Sort.STATUS.value

    _open_hosts: frozenset[int] = frozenset()
    _closed_hosts: frozenset[int] = frozenset()
    _held: bool = False
    _reorder: bool = False
    _order_of: tuple[Choice, int] | None = None
    """What the order that is shown was made for."""

    def _choice(self) -> Choice:
        return Choice(self.search, self.namespace, self.status, self.kind, self.tag, self.sort)

    def _opened_rows(self) -> Opened:
        """What admin_hosts has to know of the tab."""
        holds = not self._reorder and self._order_of == (self._choice(), self._page)
        return Opened(
            order=[host.id for host in self.hosts] if holds else (),
            services=[each.id for host in self.hosts for each in host.services] if holds else (),
            hosts=self._open_hosts,
            closed=self._closed_hosts,
            service=self.detail.id,
            asked=dict(self._asked),
        )

    def _note_order(self, view: HostsView) -> None:
        self._reorder, self._order_of = False, (self._choice(), view.summary.page)

    def _open_up(self, host_id: int) -> None:
        if host_id:
            self._open_hosts, self._closed_hosts = (
                self._open_hosts | {host_id},
                self._closed_hosts - {host_id},
            )

    def _list_address(self) -> dict[str, object]:
        return {
            "namespace": self.namespace,
            "search": self.search,
            "status": self.status,
            "kind": self.kind,
            "tag": self.tag,
            "sort": "" if self.sort == Sort.STATUS else self.sort,
            "open": ",".join(map(str, sorted(self._open_hosts)[:MOST_OPENED])),
        }

    def _follow_list(self, address: Mapping[str, str]) -> None:
        search = one_line(address.get("search", ""), LONGEST_SEARCH)
        if search != self.search:
            self.search, self.search_serial = search, self.search_serial + 1
        for name in ("namespace", "status", "kind", "tag"):
            setattr(self, name, one_line(address.get(name, ""), LONGEST_SEARCH))
        sort = address.get("sort", "")
        self.sort = sort if sort in list(Sort) else Sort.STATUS.value
        opened = address.get("open", "")[: 11 * MOST_OPENED].split(",")
        self._open_hosts = frozenset(map(read_id, opened)) - {0}
        self._closed_hosts = frozenset()

    async def _choose(self, *, replace: bool = False) -> Events:
        """Show what was just chosen, from its first page on."""
        self._page = 1
        await self._refresh()
        return show_address(self._address(), replace=replace)

    @rx.event
    @only(Role.VIEWER)
    async def search_for(self, text: str) -> Events:
        """Show the hosts and services that contain ``text``."""
        self.search = one_line(text, LONGEST_SEARCH)
        return await self._choose(replace=True)

    @rx.event
    @only(Role.VIEWER)
    async def choose_namespace(self, slug: str) -> Events:
        """Show one namespace; the empty slug means all."""
        known = any(each.slug == slug for each in self.namespaces)
        self.namespace = slug if known else ""
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def choose_status(self, status: str) -> Events:
        """Show what has this status; the empty one means any."""
        self.status = status if isinstance(status, str) and status in STATUSES else ""
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def choose_service_kind(self, kind: str) -> Events:
        """Show services of one kind; the empty one means any."""
        self.kind = kind if isinstance(kind, str) and kind in PROBES else ""
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def choose_tag(self, tag: str) -> Events:
        """Show hosts with this tag; the empty one means any."""
        self.tag = tag if tag in self.tags else ""
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def sort_by(self, sort: str) -> Events:
        """Show the list in another order."""
        self.sort = sort if isinstance(sort, str) and sort in list(Sort) else Sort.STATUS.value
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def reorder(self) -> None:
        """Show the list in the order of now."""
        self._reorder = True
        await self._refresh()

    @rx.event
    @only(Role.VIEWER)
    async def show_all(self) -> Events:
        """Choose everything."""
        self.namespace = self.status = self.kind = self.tag = self.search = ""
        self.search_serial += 1
        return await self._choose()

    @rx.event
    @only(Role.VIEWER)
    async def toggle_services(self, host_id: int) -> Events:
        """Open or close a host."""
        host = next((each for each in self.hosts if each.id == host_id), None)
        if host is not None and host.is_open:
            self._open_hosts, self._closed_hosts = (
                self._open_hosts - {host_id},
                self._closed_hosts | {host_id},
            )
        elif host is not None:
            self._open_up(host.id)
        await self._refresh()
        return show_address(self._address(), replace=True)
