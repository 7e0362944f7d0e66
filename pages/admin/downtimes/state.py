"""The state of the room "Planned downtime"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import reflex as rx

from pages.admin.downtimes.asked import DONE, STEPS, Asked
from pages.admin.downtimes.downtime_form import (
    downtime_form,
    read_downtime,
    scope_values,
    time_form,
    with_scope,
)
from pages.admin.downtimes.saving import DOWNTIME, FOLLOWING, TIME, previewed
from webmon.clock import utcnow
from webmon.commands.downtimes import running
from webmon.domain.accounts.access import Role
from webmon.domain.ids import read_id
from webmon.errors import Invalid, NotFound
from webmon.queries.downtimes.choosing import (
    ChoiceView,
    channels_offered,
    scope_chosen,
    scope_found,
)
from webmon.queries.downtimes.editor import PreviewView, downtime_fields, following_fields
from webmon.queries.downtimes.room import (
    NEXT_SHOWN,
    PAST_SHOWN,
    RoomView,
    TimeDetail,
    TimeView,
    downtime_room,
    time_detail,
    time_fields,
)
from webmon.ui.addresses import show_address
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.history import Remembering
from webmon.ui.rooms.room import Editing, Events, edited_by
from webmon.ui.rooms.rows import Row, with_kind
from webmon.ui.shell.focus import FOCUS_OPENER, focus_on
from webmon.ui.states.private import PrivateState, act, as_dict, ask, one_line, only, sentence, show

EXTENSIONS = {"15m": 15, "30m": 30, "1h": 60, "2h": 120}
"""Minutes."""

FOCUS_SEARCH = focus_on("#scope-search")

# What the browser would send. The form may not be there yet, when it was asked to be drawn.
TYPED = """new Promise((done) => setTimeout(() => {
  const form = document.querySelector('main form.form');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  done(form ? {...Object.fromEntries(new FormData(form)), reader_timezone: zone} : {});
}, 80))"""


@dataclass(frozen=True, slots=True)
class NextView:
    """One of the next times of what is typed."""

    there: str
    here: str
    warning: str


def _warning(each: PreviewView) -> str:
    odd = sentence(each.odd) if each.odd else ""
    overlaps = f"Overlaps {', '.join(each.overlaps)}." if each.overlaps else ""
    return f"{odd} {overlaps}".strip()


@edited_by(Role.EDITOR)
class DowntimesState(Remembering, Editing, PrivateState):
    """One person's view of planned downtime in one tab."""

    view: RoomView = RoomView()
    detail: TimeDetail = TimeDetail()
    opened: tuple[TimeView, ...] = ()
    """The time that is opened, where it stands in no list."""
    asked: Asked = Asked()
    found: tuple[ChoiceView, ...] = ()
    """What the search for affected things has found."""
    next_times: tuple[NextView, ...] = ()
    next_problem: str = ""
    """Why there is no preview."""

    _opened_time: int = 0
    _parts: tuple[int, int] = (1, 1)
    """How many parts are shown of what is next, and of what is over."""
    _planned_for: str = ""
    _search: str = ""

    def _address(self) -> dict[str, object]:
        return {"time": self._opened_time}

    async def _follow(self, address: Mapping[str, str]) -> None:
        self._opened_time = read_id(address.get("time"))
        self._planned_for = one_line(address.get("plan", ""), 60)
        self.detail = TimeDetail()
        self._parts = 1, 1

    async def _open_followed(self, address: Mapping[str, str]) -> None:  # noqa: ARG002
        if self._planned_for and self.view.can_edit:
            await self._show_form("downtime", 0, 0)

    async def _read(self, now: datetime) -> None:
        following, over = self._parts
        most = {"most_next": following * NEXT_SHOWN, "most_past": over * PAST_SHOWN}
        show(self, view=await ask(self, downtime_room, **most, now=now))
        detail = TimeDetail()
        if self._opened_time:
            try:
                detail = await ask(self, time_detail, self._opened_time, now=now)
            except NotFound:
                self._opened_time = 0
        listed = {each.id for each in (*self.view.now, *self.view.next, *self.view.past)}
        apart = bool(detail.time.id) and detail.time.id not in listed
        show(self, detail=detail, opened=(detail.time,) if apart else ())
        await self._remember("downtime", detail.time.downtime_id)

    def _rows(self) -> Mapping[str, Row]:
        return {"downtime": DOWNTIME, "following": FOLLOWING, "time": TIME}

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:  # noqa: ARG002
        if thing == "time":
            return time_form(await ask(self, time_fields, row_id, now=utcnow()))
        stored: Mapping[str, Any] = {}
        if row_id and thing == "following":
            stored = await ask(self, following_fields, row_id)
        elif row_id:
            stored = await ask(self, downtime_fields, row_id)
        channels = await ask(self, channels_offered)
        return downtime_form(thing, row_id, stored, await self._scope_of(stored), channels)

    async def _scope_of(self, stored: Mapping[str, Any]) -> tuple[ChoiceView, ...]:
        known: dict[str, Any]
        if not stored:
            kind, _, number = self._planned_for.partition("-")
            self._planned_for = ""
            known = {f"{kind}_ids": [read_id(number)]} if kind in ("host", "service") else {}
        else:
            known = {
                "host_ids": stored["host_ids"],
                "service_ids": stored["service_ids"],
                "namespace_id": stored["namespace_id"] if stored["whole_namespace"] else 0,
            }
        found: tuple[ChoiceView, ...] = await ask(self, scope_chosen, **known)
        return found

    async def _show_form(self, thing: str, row_id: int, parent_id: int, copied: int = 0) -> Events:
        shown = await super()._show_form(thing, row_id, parent_id, copied)
        self.next_times, self.next_problem = (), ""
        await self._find("")
        return [shown, self._look_ahead()]

    def _look_ahead(self) -> Events:
        return rx.call_script(TYPED, callback=type(self).preview)

    async def _find(self, text: str) -> None:
        self._search = text
        chosen = scope_values(self.form)
        self.found = await ask(self, scope_found, text, but=chosen)

    @rx.event
    @only(Role.EDITOR)
    async def choose_kind(self, kind: str) -> Events:
        """Draw the form again for another way to repeat."""
        self.form = with_kind(self._row(self.form.thing), self.form, kind)
        self._mark()
        return self._look_ahead()

    @rx.event
    @only(Role.EDITOR)
    async def search_scope(self, text: str) -> None:
        """Find namespaces, hosts and services that a downtime can affect."""
        await self._find(one_line(text, 100))

    @rx.event
    @only(Role.EDITOR)
    async def add_to_scope(self, value: str) -> Events:
        """Add one of what was found to what is affected."""
        for each in self.found:
            if each.value == value:
                self.form = with_scope(self.form, each)
                await self._find(self._search)
                return [FOCUS_SEARCH, self._look_ahead()]
        return None

    @rx.event
    @only(Role.EDITOR)
    async def preview(self, form: dict[str, Any]) -> None:
        """Show the next times of what is typed."""
        raw = as_dict(form)
        if not raw.get("starts_at") or self.form.thing not in ("downtime", "following"):
            self.next_times, self.next_problem = (), ""
            return
        try:
            fields = read_downtime(self.form, raw, unfinished=True)
            but = self.form.id if self.form.thing == "downtime" else 0
            found = await ask(
                self, previewed, fields, namespace_id=self._any_namespace(), but=but,
                reader_timezone=raw.get("reader_timezone"), now=utcnow(),
            )  # fmt: skip
        except Invalid as error:
            self.next_times, self.next_problem = (), sentence(error.message)
            return
        shown = tuple(NextView(each.there, each.here, _warning(each)) for each in found)
        self.next_times = shown
        self.next_problem = "" if shown else "All of it lies in the past."

    def _any_namespace(self) -> int:
        """One that is among what was found, so of this person."""
        return next((int(each.value.split("-")[2]) for each in self.found), 0)

    @rx.event
    @only(Role.VIEWER)
    async def open_time(self, occurrence_id: int) -> Events:
        """Show what a time of a downtime did, or close it."""
        wanted = occurrence_id if isinstance(occurrence_id, int) else 0
        self._opened_time = 0 if wanted == self._opened_time else wanted
        await self._refresh()
        return show_address(self._address())

    @rx.event
    @only(Role.VIEWER)
    async def show_more(self, part: str) -> None:
        """Show more of what is ``next``, or ``past``."""
        following, over = self._parts
        if part == "next":
            self._parts = following + 1, over
        elif part == "past":
            self._parts = following, over + 1
        await self._refresh()

    @rx.event
    @only(Role.EDITOR)
    async def ask_first(self, step: str, occurrence_id: int) -> None:
        """Ask before a step is taken."""
        if not isinstance(step, str) or step not in STEPS:
            raise Invalid("this cannot be done here")
        found: TimeDetail = await ask(self, time_detail, occurrence_id, now=utcnow())
        question, explained, button = STEPS[step]
        self.asked = Asked(
            step, found.time.id, question.format(found.time.title), explained, button
        )

    @rx.event
    @only(Role.EDITOR)
    async def leave_it(self) -> None:
        """Do not take the step."""
        self.asked = Asked()

    @rx.event
    @only(Role.EDITOR)
    async def take_step(self) -> Events:
        """Take the step that was asked about."""
        asked, self.asked = self.asked, Asked()
        if not asked.step:
            return None
        time: TimeView = (await ask(self, time_detail, asked.id, now=utcnow())).time
        if asked.step == "start":
            await act(self, running.start_occurrence, asked.id)
        elif asked.step == "finish":
            await act(self, running.finish, asked.id)
        elif asked.step == "cancel":
            await act(self, running.cancel_occurrence, asked.id)
        elif asked.step == "skip":
            fields = await ask(self, time_fields, asked.id, now=utcnow())
            await act(self, running.skip_occurrence, time.downtime_id, fields["slot_at"])
        else:
            await act(self, running.cancel_downtime, time.downtime_id)
        await self._refresh()
        return [FOCUS_OPENER, rx.toast.success(f"{time.title} {DONE[asked.step]}.")]

    @rx.event
    @only(Role.EDITOR)
    async def extend(self, occurrence_id: int, length: str) -> Events:
        """Let a downtime end later."""
        if not isinstance(length, str) or length not in EXTENSIONS:
            raise Invalid("choose how much longer it lasts")
        longer = timedelta(minutes=EXTENSIONS[length])
        await act(self, running.extend, occurrence_id, int(longer.total_seconds()))
        await self._refresh()
        return rx.toast.success(f"Extended by {EXTENSIONS[length]} minutes.")
