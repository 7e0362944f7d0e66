"""The state of the room "API keys"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from webmon.commands.accounts import api_keys
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.api_keys import Scope
from webmon.errors import Invalid
from webmon.queries.api_keys import KeysView, admin_keys
from webmon.ui.rooms.room import Events, Listing
from webmon.ui.shell.focus import FOCUS_OPENER
from webmon.ui.states.private import PrivateState, act, as_dict, ask, only, show

LASTS = {"90": "90 days", "365": "1 year", "30": "30 days", "": "until it is revoked"}
"""Days that a key holds, and what that is called."""
OVERLAPS = {"86400": "1 day", "3600": "1 hour", "604800": "7 days", "0": "not at all"}
"""Seconds that the old key holds beside its replacement."""
LIMITED = "namespace."
"""Begins the name of a tick in the form; the slug follows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a key: whether to ``replace`` or to ``revoke`` it; empty for nothing."""

    step: str = ""
    name: str = ""


class KeysState(Listing, PrivateState):
    """One admin's view of the keys in one tab."""

    view: KeysView = KeysView()
    makes: bool = False
    """Whether the form of a new key is open."""
    asked: Asked = Asked()
    key: str = ""
    """A key that was made just now. It is shown until it is closed, and never again."""
    key_name: str = ""

    async def _read(self, now: datetime) -> None:
        show(self, view=await ask(self, admin_keys, now=now))

    def _address(self) -> dict[str, object]:
        return {}

    async def _follow(self, address: Mapping[str, str]) -> None:
        """There is nothing to follow."""

    @rx.event
    @only(Role.ADMIN)
    async def begin(self) -> None:
        """Open the form of a new key."""
        self.makes = True

    @rx.event
    @only(Role.ADMIN)
    async def ask_first(self, step: str, name: str) -> None:
        """Ask before a key is replaced or revoked."""
        if step not in ("replace", "revoke") or not isinstance(name, str):
            raise Invalid("this cannot be done with a key")
        self.asked = Asked(step, name)

    @rx.event
    @only(Role.ADMIN)
    async def leave(self) -> Events:
        """Close what is open; a key that was shown is forgotten."""
        self.makes, self.asked, self.key, self.key_name = False, Asked(), "", ""
        return FOCUS_OPENER

    @rx.event
    @only(Role.ADMIN)
    async def make(self, form: dict[str, Any]) -> None:
        """Make a key, and show it once."""
        typed = as_dict(form)
        name, scope = str(typed.get("key_name", "")), typed.get("scope")
        if scope not in list(Scope):
            raise Invalid("choose what the program may do", "scope")
        slugs = [each.removeprefix(LIMITED) for each in typed if str(each).startswith(LIMITED)]
        self.key = await act(
            self, api_keys.add_key, name, Scope(scope), namespaces=slugs, lasts=_lasts(typed)
        )
        self.key_name, self.makes = name.strip(), False
        await self._refresh()

    @rx.event
    @only(Role.ADMIN)
    async def go_on(self, form: dict[str, Any]) -> Events:
        """Replace or revoke the key that was asked about."""
        asked, typed = self.asked, as_dict(form)
        if asked.step == "revoke":
            await act(self, api_keys.revoke_key, asked.name)
            self.asked = Asked()
            await self._refresh()
            return [FOCUS_OPENER, rx.toast.success(f"{asked.name} is revoked.")]
        if asked.step == "replace":
            overlap = typed.get("overlap")
            if overlap not in OVERLAPS:
                raise Invalid("choose for how long the old key still holds", "overlap")
            length = timedelta(seconds=int(overlap))
            self.key = await act(
                self, api_keys.rotate_key, asked.name, overlap=length, lasts=_lasts(typed)
            )
            self.key_name, self.asked = asked.name, Asked()
            await self._refresh()
        return None


def _lasts(typed: Mapping[str, Any]) -> timedelta | None:
    days = typed.get("lasts")
    if days not in LASTS:
        raise Invalid("choose for how long the key holds", "lasts")
    return timedelta(days=int(days)) if days else None
