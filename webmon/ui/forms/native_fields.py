"""The fields of forms that the browser itself sends (`NativeForm`)."""

from typing import Any

import reflex as rx


def native_field(label: str, name: str, **attributes: Any) -> rx.Component:
    """One line to type in; ``attributes`` are those of the ``input``."""
    return rx.el.label(
        label, rx.el.input(name=name, class_name="control", **attributes), class_name="label"
    )


def native_tick(words: str, name: str, value: str, **attributes: Any) -> rx.Component:
    """A box to tick, which sends ``value``."""
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, value=value, **attributes),
        rx.el.span(words),
        class_name="label tick",
    )
