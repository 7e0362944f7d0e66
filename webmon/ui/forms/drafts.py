"""What somebody types is kept in the browser until it is saved or cancelled: `assets/drafts.js`."""

import json
from typing import Any

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.components.component import field
from reflex_base.event import EventHandler, EventSpec
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

from webmon.ui.display.hooked import Hooked

SCRIPT = "$/public/drafts.js"


class Drafts(Fragment):
    """Keeps what is typed into forms with `draft_of`, and puts it back when they are drawn."""

    def add_hooks(self) -> list[str | Var[Any]]:
        """One effect, once."""
        data = VarData(imports={SCRIPT: [ImportVar(tag="useDrafts")]})
        return [Var("useDrafts();", _var_data=data)]


def _of_row(
    thing: Var[str], row_id: Var[int], parent_id: Var[int], copied: Var[int]
) -> tuple[Var[str], Var[int], Var[int], Var[int]]:
    return thing, row_id, parent_id, copied


class Opened(Hooked):
    """Has the room open the form again that was open in this tab, where the server has forgotten
    it."""

    on_reopen: EventHandler[_of_row] = field(doc="With thing, id, parent and copied.")
    loaded: Var[bool] = field(default=Var.create(False), is_javascript_property=False)
    serial: Var[int] = field(default=Var.create(0), is_javascript_property=False)
    thing: Var[str] = field(default=Var.create(""), is_javascript_property=False)
    row: Var[int] = field(default=Var.create(0), is_javascript_property=False)
    parent: Var[int] = field(default=Var.create(0), is_javascript_property=False)
    copied: Var[int] = field(default=Var.create(0), is_javascript_property=False)

    def add_hooks(self) -> list[str | Var[Any]]:
        """One effect that depends on the form."""
        data = VarData(imports={SCRIPT: [ImportVar(tag="useOpened")]})
        form = (
            f"{{loaded: {self.loaded}, serial: {self.serial}, thing: {self.thing},"
            f" id: {self.row}, parent: {self.parent}, copied: {self.copied}}}"
        )
        reopen = Var.create(self.event_triggers["on_reopen"])
        return [Var(f"useOpened({form}, {reopen});", _var_data=data)]


drafts = Drafts.create


def reopened(state: Any) -> rx.Component:
    """Stands in every room that derives from `room.Editing`."""
    opened: rx.Component = Opened.create(
        on_reopen=state.reopen,
        loaded=state.loaded,
        serial=state.form.serial,
        thing=state.form.thing,
        row=state.form.id,
        parent=state.form.parent,
        copied=state.form.copied,
    )
    return opened


def draft_of(name: str | rx.Var[str]) -> dict[str, Any]:
    """The attributes of a form whose fields are kept, under a name of its own."""
    return {"noValidate": True, "data-draft": name}


def name_of(form: Any) -> Any:
    """`form.FormView.draft` in the browser."""
    name = form.thing
    for each in (form.id, form.parent, form.copied):
        name = name + ":" + each.to_string()
    return name


def drop_draft(name: str) -> EventSpec:
    """Has the browser forget what was typed into a form: it is saved."""
    script: EventSpec = rx.call_script(f"globalThis.dropDraft?.({json.dumps(name)})")
    return script


def drop_draft_first(name: rx.Var[str]) -> EventSpec:
    """The same, before anything is sent to the server."""
    script: EventSpec = rx.call_script(rx.Var(f"globalThis.dropDraft?.({name})"))
    return script
