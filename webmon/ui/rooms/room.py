"""What the rooms of the admin app have in common: a list that stays current, and its forms.

A room's state derives from `Listing`, or from `Editing` where rows can be changed:

    @edited_by(Role.ADMIN)
    class UsersState(Editing, PrivateState):
        view: UsersView = UsersView()

        async def _read(self, now):
            show(self, view=await ask(self, admin_users, page=self._page, now=now))

        def _rows(self):
            return {"user": USER}

        async def _draw(self, thing, row_id, parent_id):
            return user_form(await ask(self, user_fields, row_id) if row_id else {})
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import reflex as rx

from webmon.clock import utcnow
from webmon.commands.inventory.undoing import UNDO_FOR, delete_for_now, undo_deletion
from webmon.domain.accounts.access import Role
from webmon.domain.ids import is_id, read_id
from webmon.errors import Conflict, Invalid, NotFound
from webmon.queries.inventory.deletions import Deletion, deletion
from webmon.queries.inventory.hosts import worst_status
from webmon.ui.addresses import find_opened, show_address
from webmon.ui.forms import both_edits
from webmon.ui.forms.drafts import drop_draft
from webmon.ui.forms.typed_form import FormView, Mistake
from webmon.ui.rooms.rows import Row, Saved, saving, with_kind
from webmon.ui.shell.focus import FOCUS_FORM, FOCUS_LIST, FOCUS_MISTAKE, FOCUS_OPENER, FOCUS_UNDO
from webmon.ui.states.private import PrivateState, act, as_dict, ask, only, sentence, show

Room = TypeVar("Room", bound="Editing")

Events = Any
"""What a handler tells the browser to do: an event, several, or none. Reflex gives them no type."""

CLOSED = "this form was closed in the meantime; open it again"


class LastRoom(PrivateState):
    """The room that the tab showed last, and through which socket."""

    _name: str = ""
    _socket: str = ""


class Listing(PrivateState, mixin=True):
    """A room that shows something, and looks again every few seconds while it is in view."""

    loaded: bool = False
    as_of: str = ""
    worst: str = ""
    """The worst status of everything, for the tab: ``down``, ``degraded`` or empty."""

    _page: int = 1
    _ticking: bool = False
    """Nobody has done anything: what another tab has read a moment ago is as good."""

    async def _read(self, now: datetime) -> None:
        """Ask the database for everything that the room shows, and show it."""
        raise NotImplementedError

    async def _refresh(self) -> None:
        now = utcnow()
        await self._read(now)
        worst = await ask(self, worst_status, now=now, lately=self._ticking)
        show(self, loaded=True, as_of=now.isoformat(), worst=worst)

    def _close(self) -> None:
        """Close what belongs to the page of the list that is left."""

    def _address(self) -> dict[str, object]:
        """What brings back what is shown: the query of the room's address."""
        return {"page": self._page}

    async def _follow(self, address: Mapping[str, str]) -> None:
        """Take over what the query of the address says, which anybody may have typed.

        It is called before anything is read.
        """
        self._page = read_id(address.get("page")) or 1

    async def _open_followed(self, address: Mapping[str, str]) -> Events:
        """Open what the address names, once the list is there; what it returns stands for
        bringing that into view."""

    def _new_followed(self, thing: str) -> Events:  # noqa: ARG002
        """What begins a new one, where the address says ``new=`` and the thing."""
        return None

    @rx.event
    @only(Role.VIEWER)
    async def load(self) -> Events:
        """The page was opened, or its address has changed by Back, Forward or a link.

        An address without a query is followed only within a room, after Back. Who comes from
        another room, or loads the page again, finds the room as it was left.
        """
        address = dict(self.router.url.query_parameters)
        last: LastRoom = await self.get_state(LastRoom)
        here = type(self).__name__, str(self.router.session.session_id)
        if address or (last._name, last._socket) == here:
            await self._follow(address)
        last._name, last._socket = here
        await self._refresh()
        opened = await self._open_followed(address)
        if begun := self._new_followed(address.get("new", "")):
            return [show_address(self._address(), replace=True), begun]
        if address:
            return opened or find_opened
        return show_address(self._address(), replace=True)

    @rx.event
    @only(Role.VIEWER)
    async def tick(self) -> None:
        """Some seconds have gone by."""
        await self._tick()

    async def _tick(self) -> None:
        self._ticking = True
        try:
            await self._refresh()
        finally:
            self._ticking = False

    @rx.event
    @only(Role.VIEWER)
    async def turn_to(self, page: int) -> Events:
        """Show another page of the list."""
        self._page = page if isinstance(page, int) else 1
        self._close()
        await self._refresh()
        return [FOCUS_LIST, show_address(self._address())]


@dataclass(frozen=True, slots=True)
class Gone:
    """A deletion that can be undone; id 0 is none."""

    id: int = 0
    told: str = ""


class Editing(Listing, mixin=True):
    """A room whose rows can be added, changed and deleted; see `edited_by`.

    At most one form is open, and at most one question whether to delete something.
    """

    form: FormView = FormView()
    mistake: Mistake = Mistake()
    others: tuple[both_edits.ChangeView, ...] = ()
    """What somebody else has saved since the form was opened."""
    doomed: Deletion = Deletion()
    gone: Gone = Gone()
    """What was deleted last, while that can be undone."""

    _gone_until: datetime | None = None
    _serial: int = 0
    _opened: FormView = FormView()
    """The form as it was opened."""
    _stored: FormView = FormView()
    """The form of what somebody else has saved since."""

    async def _refresh(self) -> None:
        if self._gone_until is not None and utcnow() > self._gone_until:
            self.gone, self._gone_until = Gone(), None
        await super()._refresh()

    def _rows(self) -> Mapping[str, Row]:
        """The things that can be edited here, by the names that their forms have."""
        raise NotImplementedError

    def _new_followed(self, thing: str) -> Events:
        begin: Events = type(self).open_new
        return begin(thing, 0) if thing in self._rows() else None

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:
        """The form of a stored row, or of a new one (``row_id`` 0) that belongs to another."""
        raise NotImplementedError

    async def _draw_copy(self, thing: str, row_id: int) -> FormView:  # noqa: ARG002
        """The form of a new row that begins as a copy of a stored one."""
        raise NotFound(f"a {thing} cannot be duplicated")

    async def _saved(self, row: Saved) -> list[Events]:  # noqa: ARG002
        """Called after a row was saved; returns further events."""
        return []

    def _deleted(self, thing: str) -> None:
        """Called after a row was deleted."""

    def _came_back(self) -> None:
        """Called after a deletion was undone, before the list is read."""

    def _close(self) -> None:
        self._begin(FormView(serial=self._serial))

    def _begin(self, form: FormView) -> None:
        self.form = self._opened = form
        self.mistake, self.others, self._stored = Mistake(), (), FormView()

    def _mark(self, error: Invalid | None = None) -> Events:
        """Show all that is wrong beside its fields; nothing where there is no ``error``."""
        every = [] if error is None else list(error.each())
        mistakes = [self.form.mistake(each.field, sentence(each.message)) for each in every]
        # What belongs to no field is said above them.
        mistakes.sort(key=lambda each: each.control != "")
        self.mistake = mistakes[0] if mistakes else Mistake()
        self.form = self.form.marked(mistakes)
        return FOCUS_MISTAKE

    def _redrawn(self) -> None:
        """Called after the form was drawn for another kind."""

    def _row(self, thing: Any) -> Row:
        row = self._rows().get(thing) if isinstance(thing, str) else None
        if row is None:
            raise NotFound("this cannot be edited here")
        return row

    async def _show_form(self, thing: str, row_id: int, parent_id: int, copied: int = 0) -> Events:
        self._row(thing)
        if copied:
            form = await self._draw_copy(thing, copied)
        else:
            form = await self._draw(thing, row_id, parent_id)
        self._serial += 1
        self._begin(replace(form, serial=self._serial))
        return FOCUS_FORM

    async def _write(self, raw: Mapping[str, Any]) -> Saved | None:
        """Save what was typed; None where it needs a decision, because somebody else has saved
        something that it would undo."""
        if self.form.thing not in self._rows():
            raise Invalid(CLOSED)
        row = self._row(self.form.thing)
        while True:
            typed = both_edits.together(self._opened, self._stored, raw)
            try:
                saved: Saved = await act(self, saving(row, self.form, typed))
            except Conflict:
                opened, before = self.form, self.others
                self._stored = await self._draw(opened.thing, opened.id, opened.parent)
                self.form = replace(opened, revision=self._stored.revision, is_late=True)
                self.others = both_edits.changes(self._opened, self._stored, raw)
                if self.others != before or both_edits.types_a_secret(opened, raw):
                    return None
                self.form = replace(self.form, is_late=False)
            else:
                return saved

    @rx.event
    @only(Role.ADMIN)
    async def open_form(self, thing: str, row_id: int) -> Events:
        """Open the form of a stored row."""
        self._row(thing)
        if not row_id:
            raise NotFound(f"this {thing} does not exist")
        return await self._show_form(thing, row_id, 0)

    @rx.event
    @only(Role.ADMIN)
    async def open_new(self, thing: str, parent_id: int) -> Events:
        """Open the form of a new row; ``parent_id`` is the row that it belongs to, or 0."""
        return await self._show_form(thing, 0, parent_id)

    @rx.event
    @only(Role.ADMIN)
    async def duplicate(self, thing: str, row_id: int) -> Events:
        """Open the form of a new row that begins as a copy of a stored one."""
        self._row(thing)
        if not is_id(row_id):
            raise NotFound(f"this {thing} does not exist")
        return await self._show_form(thing, 0, 0, row_id)

    @rx.event
    @only(Role.ADMIN)
    async def reopen(self, thing: str, row_id: int, parent_id: int, copied: int = 0) -> Events:
        """Open a form that this tab had open before the server was started again."""
        try:
            return await self._show_form(thing, row_id, parent_id, copied)
        except NotFound:
            self._serial += 1
            self._close()
            return rx.toast.warning("What you were editing was deleted in the meantime.")

    @rx.event
    @only(Role.ADMIN)
    async def choose_kind(self, kind: str) -> None:
        """Draw the open form again for another kind."""
        self.form = with_kind(self._row(self.form.thing), self.form, kind)
        self._mark()
        self._redrawn()

    @rx.event
    @only(Role.ADMIN)
    async def close_form(self) -> Events:
        """Leave the form; what was typed is lost."""
        self._close()
        return FOCUS_OPENER

    @rx.event
    @only(Role.ADMIN)
    async def save(self, form: dict[str, Any]) -> Events:
        """Save the open form. If something is wrong, it stays open and says so."""
        self._mark()
        try:
            row = await self._write(as_dict(form))
        except Invalid as error:
            return self._mark(error)
        if row is None:
            return FOCUS_MISTAKE
        draft = self.form.draft
        self._close()
        await self._refresh()
        more = await self._saved(row)
        return [drop_draft(draft), FOCUS_OPENER, rx.toast.success(f"{row.name} is saved."), *more]

    @rx.event
    @only(Role.ADMIN)
    async def take_stored(self) -> Events:
        """Begin again from what somebody else has saved; what was typed is lost."""
        form = self.form
        return await self._show_form(form.thing, form.id, form.parent, form.copied)

    @rx.event
    @only(Role.ADMIN)
    async def ask_delete(self, thing: str, row_id: int) -> None:
        """Ask before a row is deleted."""
        self._row(thing)
        self.doomed = await ask(self, deletion, thing, row_id)

    @rx.event
    @only(Role.ADMIN)
    async def keep(self) -> None:
        """Do not delete it."""
        self.doomed = Deletion()

    @rx.event
    @only(Role.ADMIN)
    async def delete(self, form: dict[str, Any]) -> Events:
        """Delete what was asked about; ``form`` has what was typed, where that is asked for.

        It is looked at again, because hosts may have been added since the question.
        """
        doomed, self.doomed, self.gone = self.doomed, Deletion(), Gone()
        if not doomed.thing:
            return None
        doomed = await ask(self, deletion, doomed.thing, doomed.id)
        if doomed.typed and as_dict(form).get("typed") != doomed.typed:
            self.doomed = doomed
            raise Invalid(f"type {doomed.typed} to delete {doomed.name}")
        if self._row(doomed.thing).comes_back:
            kept = await act(self, delete_for_now, doomed.thing, [doomed.id])
            self.gone = Gone(kept, f"{doomed.name} is deleted.")
            self._gone_until = utcnow() + UNDO_FOR
        else:
            await act(self, self._row(doomed.thing).delete, doomed.id)
        draft = self.form.draft
        self._close()
        self._deleted(doomed.thing)
        await self._refresh()
        if self.gone.id:
            return [drop_draft(draft), FOCUS_UNDO]
        return [drop_draft(draft), FOCUS_OPENER, rx.toast.success(f"{doomed.name} is deleted.")]

    @rx.event
    @only(Role.ADMIN)
    async def undo_delete(self) -> Events:
        """Bring back what was deleted last."""
        gone, self.gone = self.gone, Gone()
        if not gone.id:
            return None
        names = (await act(self, undo_deletion, gone.id)).names
        self._came_back()
        await self._refresh()
        verb = "is" if len(names) == 1 else "are"
        return [FOCUS_LIST, rx.toast.success(f"{', '.join(names[:5])} {verb} back.")]


EDITING = {
    "open_form",
    "open_new",
    "duplicate",
    "reopen",
    "choose_kind",
    "close_form",
    "save",
    "take_stored",
    "ask_delete",
    "keep",
    "delete",
    "undo_delete",
    "try_out",
}


def edited_by(role: Role) -> Callable[[type[Room]], type[Room]]:
    """Opens the handlers of `Editing` to people who have ``role`` or more (by default: admins)."""

    def mark(state: type[Room]) -> type[Room]:
        for name in EDITING & state.event_handlers.keys():
            state.event_handlers[name].fn.open_to = role
        return state

    return mark
