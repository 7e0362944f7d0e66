"""What the pages of the public site share: the frame, and the fields of its forms."""

from typing import Any

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

from webmon.ui.display.native import NativeLink, RawHTML
from webmon.ui.display.status import sprite


class BusyForms(Fragment):
    """Has the button of a form show that it waits, and be pressed once: `assets/busy.js`."""

    def add_imports(self) -> dict[str, list[ImportVar]]:
        """The script listens by itself."""
        return {"$/public/busy.js": [ImportVar(tag="answered")]}


def page(*content: rx.Component) -> rx.Component:
    """A page of the public site around its ``content``."""
    return rx.el.div(
        sprite(),
        rx.el.header(
            RawHTML.create("", id="brand"),
            NativeLink.create("Log in", href="/admin/"),
            class_name="top",
        ),
        rx.el.main(*content),
        BusyForms.create(),
        class_name="page",
    )


def field(label: str, name: str, kind: str, *, hint: str = "", **attributes: Any) -> rx.Component:
    """A required input of type ``kind`` with its label above and a ``hint`` below."""
    described = {"aria-describedby": f"{name}-hint"} if hint else {}
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(
            name=name,
            id=name,
            type=kind,
            required=True,
            custom_attrs={**attributes, **described},
        ),
        rx.el.p(hint, id=f"{name}-hint", class_name="hint") if hint else rx.fragment(),
        class_name="field",
    )
