"""The namespaces' page: the groups that hosts, channels and people belong to."""

import reflex as rx

from pages.admin.namespaces.state import NamespacesState
from webmon.queries.inventory.host_views import NamespaceView
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.room_view import (
    add_button,
    confirmation,
    headline,
    once_loaded,
    stays_current,
)
from webmon.ui.shell.frame import frame

ROUTE = "/namespaces"
TITLE = "Namespaces – Beaconry"


def namespaces() -> rx.Component:
    """The page."""
    view, opened = NamespacesState.view, NamespacesState.form
    add = add_button("Add namespace", NamespacesState.open_new("namespace", 0))
    return frame(
        stays_current(NamespacesState),
        headline(NamespacesState, "Namespaces", None, rx.cond(view.can_add, add)),
        rx.cond((opened.thing == "namespace") & (opened.id == 0), form(NamespacesState)),
        once_loaded(
            NamespacesState,
            rx.el.ul(rx.foreach(view.namespaces, _namespace), class_name="namespaces"),
        ),
        rx.cond(
            NamespacesState.loaded & (view.namespaces.length() == 0),
            rx.el.p("There is no namespace yet.", class_name="none"),
        ),
        confirmation(NamespacesState),
        who=view.who,
        here="Namespaces",
    )


def _namespace(each: rx.Var[NamespaceView]) -> rx.Component:
    opened = NamespacesState.form
    return rx.el.li(
        rx.el.div(
            rx.el.b(rx.el.a(each.name, href=rx.Var.create("/hosts/?namespace=") + each.slug)),
            rx.el.span(each.slug),
            rx.el.span(each.timezone),
            rx.el.span(each.hosts, rx.cond(each.hosts == 1, " host", " hosts")),
            rx.cond(NamespacesState.view.can_edit, _actions(each)),
            class_name="namespace-row",
        ),
        rx.cond((opened.thing == "namespace") & (opened.id == each.id), form(NamespacesState)),
        custom_attrs={"data-namespace": each.slug},
        key=each.id.to(str),
    )


def _actions(each: rx.Var[NamespaceView]) -> rx.Component:
    return rx.el.span(
        rx.el.button(
            "Edit",
            type="button",
            class_name="button small",
            on_click=NamespacesState.open_form("namespace", each.id),
            aria_label=rx.Var.create("Edit ") + each.name,
        ),
        rx.cond(
            NamespacesState.view.can_add,
            rx.el.button(
                "Delete",
                type="button",
                class_name="button small danger",
                on_click=NamespacesState.ask_delete("namespace", each.id),
                aria_label=rx.Var.create("Delete ") + each.name,
            ),
        ),
        class_name="actions",
    )
