"""The state of the room "Users"."""

from collections.abc import Mapping
from datetime import datetime

import reflex as rx

from pages.admin.users.user_form import USER, user_form
from webmon.commands.accounts import letters, password_links, users
from webmon.config import settings
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.queries.accounts import UsersView, admin_users, user_fields
from webmon.ui.addresses import show_address
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.history import Remembering
from webmon.ui.rooms.room import Editing, Events, edited_by
from webmon.ui.rooms.rows import Row, Saved
from webmon.ui.states.private import PrivateState, act, ask, one_line, only, show

LONGEST_SEARCH = 100


@edited_by(Role.ADMIN)
class UsersState(Remembering, Editing, PrivateState):
    """One admin's view of the people in one tab."""

    view: UsersView = UsersView()
    search: str = ""
    search_serial: int = 0
    """Another one whenever an address brings another search into the field."""
    link: str = ""
    """A link that was made just now. It is shown until it is closed, and never again."""
    link_for: str = ""

    _told_of: int = 0
    """Whose history is open; 0: nobody's."""

    async def _read(self, now: datetime) -> None:
        view = await ask(self, admin_users, search=self.search, page=self._page, now=now)
        self._page = view.page
        show(self, view=view)
        listed = any(each.id == self._told_of for each in view.users)
        await self._remember("user", self._told_of if listed else 0)

    def _address(self) -> dict[str, object]:
        return {"search": self.search, "page": self._page, "user": self._told_of}

    async def _follow(self, address: Mapping[str, str]) -> None:
        await super()._follow(address)
        self._told_of = read_id(address.get("user"))
        search = one_line(address.get("search", ""), LONGEST_SEARCH)
        if search != self.search:
            self.search, self.search_serial = search, self.search_serial + 1

    def _rows(self) -> Mapping[str, Row]:
        return {"user": USER}

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:  # noqa: ARG002
        stored = await ask(self, user_fields, row_id) if row_id else {}
        return user_form(stored, self.view.namespaces, may_give_all=self.view.all_namespaces)

    async def _saved(self, row: Saved) -> list[Events]:
        if self._is_known(row.id):
            return []
        if self.view.has_mail:
            return [await self._send(row.id)]
        await self._show_link(row.id, row.name)
        return []

    def _is_known(self, user_id: int) -> bool:
        """Whether a link for the person is open or under way, or they have a password."""
        return not any(
            each.id == user_id and each.state == "expired" and not each.mail.endswith("on its way")
            for each in self.view.users
        )

    async def _send(self, user_id: int) -> Events:
        address = await act(self, letters.send_invitation, user_id)
        await self._refresh()
        return rx.toast.success(f"An invitation is on its way to {address}.")

    async def _show_link(self, user_id: int, name: str) -> None:
        token = await act(self, password_links.new_link, user_id)
        self.link, self.link_for = _address_of(token), name
        await self._refresh()

    @rx.event
    @only(Role.ADMIN)
    async def search_for(self, text: str) -> None:
        """Show those whose name or address holds ``text``."""
        self.search, self._page = one_line(text, LONGEST_SEARCH), 1
        await self._refresh()

    @rx.event
    @only(Role.ADMIN)
    async def tell_history(self, user_id: int) -> Events:
        """Open or close what was done to a person."""
        wanted = read_id(str(user_id))
        self._told_of = 0 if wanted == self._told_of else wanted
        await self._refresh()
        return show_address(self._address())

    @rx.event
    @only(Role.ADMIN)
    async def make_link(self, user_id: int) -> None:
        """Make another link for somebody who was invited."""
        fields = await ask(self, user_fields, user_id)
        await self._show_link(user_id, fields["name"])

    @rx.event
    @only(Role.ADMIN)
    async def send_invitation(self, user_id: int) -> Events:
        """Send somebody who was invited another link, by mail."""
        return await self._send(user_id)

    @rx.event
    @only(Role.ADMIN)
    async def withdraw_link(self, user_id: int) -> Events:
        """Let the link of a person open nothing any more."""
        await act(self, password_links.withdraw_link, user_id)
        await self._refresh()
        return rx.toast.success("The link is withdrawn.")

    @rx.event
    @only(Role.ADMIN)
    async def reset_password(self, user_id: int) -> None:
        """End a person's password and sessions, and make a link for a new one."""
        fields = await ask(self, user_fields, user_id)
        token = await act(self, password_links.reset_password, user_id)
        self.link, self.link_for = _address_of(token), fields["name"]
        await self._refresh()

    @rx.event
    @only(Role.ADMIN)
    async def close_link(self) -> None:
        """Forget the link that was shown."""
        self.link = self.link_for = ""

    @rx.event
    @only(Role.ADMIN)
    async def deactivate(self, user_id: int) -> Events:
        """Shut a person out, at once."""
        fields = await ask(self, user_fields, user_id)
        await act(self, users.disable_user, user_id)
        await self._refresh()
        return rx.toast.success(f"{fields['name']} is deactivated and signed out.")

    @rx.event
    @only(Role.ADMIN)
    async def reactivate(self, user_id: int) -> Events:
        """Let a person in again."""
        fields = await ask(self, user_fields, user_id)
        await act(self, users.enable_user, user_id)
        await self._refresh()
        return rx.toast.success(f"{fields['name']} may sign in again.")


def _address_of(token: str) -> str:
    return f"{settings().public_url}/invite/?token={token}"
