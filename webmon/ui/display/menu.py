"""A menu of what can be done with a row: a native popover that its button opens."""

from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex_base.utils.imports import ImportVar

PLACED = VarData(imports={"$/public/menus.js": [ImportVar(tag="menus")]})


def menu(
    of: rx.Var[str] | str, name: str, row_id: rx.Var[int], *items: rx.Component, opener: str = ""
) -> rx.Component:
    """The button “…” and the menu; ``of`` says whose actions they are, ``name`` and ``row_id``
    tell this menu from all others on the page. With ``opener`` the button says that."""
    told = {"popovertarget": menu_id(name, row_id)}
    if opener:
        button = rx.el.button(opener, type="button", class_name="button", custom_attrs=told)
    else:
        button = rx.el.button(
            rx.el.span("⋯", aria_hidden="true"),
            type="button",
            class_name="menu-opener",
            aria_label=rx.Var.create("Actions for ") + of,
            custom_attrs=told,
        )
    return rx.fragment(
        button,
        rx.el.div(
            *items,
            id=menu_id(name, row_id),
            class_name="menu",
            custom_attrs={"popover": "auto"},
        ),
    )


def menu_id(name: str, row_id: rx.Var[int]) -> rx.Var[str]:
    """The id of the menu in the page."""
    start = rx.Var(f'"menu-{name}-"', _var_type=str, _var_data=PLACED).to(str)
    return start + row_id.to_string()


def action(
    text: str, on_click: Any, inside: rx.Var[str], *, label: Any = None, **more: Any
) -> rx.Component:
    """One line of the menu ``inside``, which it closes; the focus goes back to its button."""
    class_name = more.pop("class_name", "")
    return rx.el.button(
        text,
        type="button",
        class_name=f"menu-item {class_name}",
        on_click=on_click,
        aria_label=text if label is None else label,
        custom_attrs={"popovertarget": inside, "popovertargetaction": "hide"},
        **more,
    )
