"""The part of the hosts' state that changes many at once: select, preview, apply, undo."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from pages.admin.hosts.list_state import HostList
from webmon.clock import utcnow
from webmon.commands.inventory import bulk_changes
from webmon.commands.inventory.bulk_changes import NAMESPACE, OF_HOSTS, OF_SERVICES, Done
from webmon.domain.accounts.access import Role
from webmon.domain.durations import parse_duration
from webmon.domain.ids import is_id, read_id
from webmon.errors import Invalid
from webmon.queries.inventory.bulk_preview import Selection, preview, selection
from webmon.ui.rooms.room import Events
from webmon.ui.states.private import act, as_dict, ask, one_line, only, sentence

ACTIONS = {
    "pause": "Pause",
    "resume": "Resume",
    "interval_seconds": "Check every …",
    "timeout_seconds": "Timeout …",
    "retry_seconds": "Retry after …",
    "failures_to_down": "Failures until down …",
    "successes_to_up": "Successes until up …",
    "namespace": "Move to namespace …",
    "add_tag": "Add the tag …",
    "remove_tag": "Remove the tag …",
    "delete": "Delete",
}
UNDO_FOR = timedelta(seconds=12)
"""Ten seconds to see it, and the way there and back."""


class Bulk(HostList, mixin=True):
    """Hosts that are selected, and what is to be done with them or their services."""

    selecting: bool = False
    selected: tuple[int, ...] = ()
    every: bool = False
    """All that match are selected, on every page."""
    bulk_what: str = "pause"
    bulk_mistake: str = ""
    previewed: tuple[str, ...] = ()
    undo_told: str = ""

    _bulk_value: Any = None
    _chosen_rows: Selection = Selection()
    _done: Done | None = None
    _done_at: datetime | None = None

    def _forget_preview(self) -> None:
        self.previewed, self.bulk_mistake = (), ""

    def _end_undo(self, now: datetime) -> None:
        """Offer the undo no longer than it can be thought of."""
        if self._done_at is not None and now - self._done_at > UNDO_FOR:
            self.undo_told, self._done, self._done_at = "", None, None

    @rx.event
    @only(Role.EDITOR)
    async def toggle_selecting(self) -> None:
        """Begin to select hosts, or leave it."""
        self.selecting, self.selected, self.every = not self.selecting, (), False
        self._forget_preview()

    @rx.event
    @only(Role.EDITOR)
    async def select_host(self, host_id: int) -> None:
        """Select a host, or no longer."""
        self.every = False
        if host_id in self.selected:
            self.selected = tuple(each for each in self.selected if each != host_id)
        elif is_id(host_id):
            self.selected = (*self.selected, host_id)
        self._forget_preview()

    @rx.event
    @only(Role.EDITOR)
    async def select_page(self) -> None:
        """Select the hosts of this page, or none."""
        ids = tuple(host.id for host in self.hosts)
        self.selected = () if set(ids) <= set(self.selected) else ids
        self.every = False
        self._forget_preview()

    @rx.event
    @only(Role.EDITOR)
    async def select_every(self) -> None:
        """Select all that match, on every page."""
        self.selected, self.every = tuple(host.id for host in self.hosts), True
        self._forget_preview()

    @rx.event
    @only(Role.EDITOR)
    async def choose_action(self, what: str) -> None:
        """Choose what to do."""
        self.bulk_what = what if isinstance(what, str) and what in ACTIONS else "pause"
        self._forget_preview()

    @rx.event
    @only(Role.EDITOR)
    async def preview_bulk(self, form: dict[str, Any]) -> None:
        """Say what would change."""
        self._forget_preview()
        try:
            self._bulk_value = _value(self.bulk_what, as_dict(form).get("value"))
        except Invalid as error:
            self.bulk_mistake = sentence(error.message)
            return
        host_ids: Sequence[int] | None = None if self.every else self.selected
        self._chosen_rows = await ask(
            self, selection, choice=self._choice(), host_ids=host_ids, now=utcnow()
        )
        lines = await ask(self, preview, self._chosen_rows, self.bulk_what, self._bulk_value)
        self.previewed = lines or ("Nothing would change.",)

    @rx.event
    @only(Role.EDITOR)
    async def apply_bulk(self) -> Events:
        """Do what was previewed."""
        if not self.previewed:
            return None
        what, rows = self.bulk_what, self._chosen_rows
        try:
            of_hosts = what in OF_HOSTS
            command: Any = bulk_changes.change_hosts if of_hosts else bulk_changes.change_services
            ids = list(rows.hosts if of_hosts else rows.services)
            done: Done = await act(self, command, ids, what, self._bulk_value)
        except Invalid as error:
            self._forget_preview()
            self.bulk_mistake = sentence(error.message)
            return None
        noun = "host" if what in OF_HOSTS else "service"
        verb = "deleted" if done.deleted_id else "changed"
        told = f"{done.count} {noun}{'' if done.count == 1 else 's'} {verb}."
        self.selecting, self.selected, self.every = False, (), False
        self._forget_preview()
        self._reorder = True
        if done.before or done.deleted_id:
            self._done, self._done_at, self.undo_told = done, utcnow(), told
        await self._refresh()
        return rx.toast.success(told)

    @rx.event
    @only(Role.EDITOR)
    async def undo_bulk(self) -> Events:
        """Undo the last change of many, but what somebody has changed since."""
        done, self._done, self._done_at, self.undo_told = self._done, None, None, ""
        if done is None:
            return rx.toast.error("It is too late to undo this.")
        count, others = await act(self, bulk_changes.undo, done)
        self._reorder = True
        await self._refresh()
        if others:
            named = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if others[5:] else "")
            told = f"{count} undone. Somebody has changed {named} since: left alone."
            return rx.toast.warning(told, duration=15_000)
        return rx.toast.success(f"{count} undone.")


def _value(what: str, typed: Any) -> Any:
    """What was typed, as the command takes it."""
    text = one_line(typed, 100).strip()
    if what in ("pause", "resume", "delete"):
        return None
    if not text:
        raise Invalid("is required", "value")
    if what == NAMESPACE:
        return read_id(text)
    if what.endswith("_seconds"):
        try:
            seconds = float(text) if text.isascii() and text.isdecimal() else parse_duration(text)
        except ValueError:
            raise Invalid("write a number and s, m or h, such as 5m", "value") from None
        return int(seconds) if seconds == int(seconds) else seconds
    if what in OF_SERVICES:
        if not (text.isascii() and text.isdecimal()):
            raise Invalid("must be a whole number", "value")
        return int(text[:9])
    return text
