"""The part of the hosts' state about SSH access and host keys."""

import reflex as rx

from pages.admin.hosts.asked_checks import AskedChecks
from webmon.commands.inventory import hosts
from webmon.domain.accounts.access import Role
from webmon.errors import NotFound
from webmon.queries.inventory.host_detail import (
    HostDetail,
    KeyQuestion,
    host_detail,
    install_line,
    key_question,
)
from webmon.ui.addresses import show_address
from webmon.ui.rooms.room import Events
from webmon.ui.shell.focus import FOCUS_OPENER
from webmon.ui.states.private import act, ask, only, show


class HostAccess(AskedChecks, mixin=True):
    """How one host is reached over SSH, and the question before another host key is accepted."""

    can_edit: bool = False
    host: HostDetail = HostDetail()
    install_line: str = ""
    key_question: KeyQuestion = KeyQuestion()

    async def _read_host(self) -> None:
        """Show the open host as it is now; close it if it was deleted."""
        try:
            if self.host.id:
                show(self, host=await ask(self, host_detail, self.host.id))
        except NotFound:
            self.host = HostDetail()

    async def _open_host(self, host_id: int) -> None:
        """Show how a host is reached; the line to install is worked out only here."""
        host = await ask(self, host_detail, host_id)
        line = await ask(self, install_line, host_id) if self.can_edit else ""
        show(self, host=host, install_line=line)

    @rx.event
    @only(Role.VIEWER)
    async def toggle_host(self, host_id: int) -> Events:
        """Open or close how a host is reached over SSH."""
        if self.host.id == host_id:
            self.host = HostDetail()
        else:
            await self._open_host(host_id)
        return show_address(self._address())

    @rx.event
    @only(Role.ADMIN)
    async def ask_accept_key(self, host_id: int, port: int) -> None:
        """Ask before another host key is accepted."""
        self.key_question = await ask(self, key_question, host_id, port)

    @rx.event
    @only(Role.ADMIN)
    async def accept_key(self) -> Events:
        """Accept the host key that was shown with the question."""
        asked, self.key_question = self.key_question, KeyQuestion()
        if not asked.host_id:
            return None
        key = asked.key_type, asked.fingerprint
        await act(self, hosts.accept_host_key, asked.host_id, asked.port, *key)
        await self._refresh()
        told = f"The new key of {asked.host} is accepted: {asked.fingerprint}."
        return [FOCUS_OPENER, rx.toast.success(told), self.__class__.follow]
