"""A dialog with a text that is shown only now, such as a key or a link."""

import reflex as rx
from reflex.event import EventType

from webmon.ui.display.copied import copied
from webmon.ui.shell.live import modal


def shown_once(
    *explained: rx.Component,
    text: rx.Var[str],
    element_id: str,
    label: str,
    on_done: EventType[()],
    labelled_by: str,
) -> rx.Component:
    """Open while there is a ``text``; ``explained`` says what it is for."""
    return modal(
        *explained,
        copied(text, element_id=element_id, label=label),
        rx.el.div(
            rx.el.button("Done", type="button", class_name="button primary", on_click=on_done),
            class_name="form-actions",
        ),
        is_open=text != "",
        on_cancel=on_done,
        labelled_by=labelled_by,
    )
