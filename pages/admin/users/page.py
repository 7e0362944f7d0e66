"""The users' page: who may sign in, what they may do, and who was invited."""

import reflex as rx

from pages.admin.users.state import UsersState
from webmon.queries.accounts import UserView
from webmon.ui.display.moment import moment
from webmon.ui.forms.form_view import form
from webmon.ui.rooms.history_view import history_part
from webmon.ui.rooms.room_view import (
    add_button,
    confirmation,
    headline,
    once_loaded,
    pages,
    search_field,
    stays_current,
)
from webmon.ui.shell.frame import frame
from webmon.ui.shell.shown_once import shown_once

ROUTE = "/users"
TITLE = "Users – Beaconry"

STATES = {
    "expired": "invited, no open link",
    "reset": "chooses a new password",
    "deactivated": "deactivated",
}


def users() -> rx.Component:
    """The page."""
    view, opened = UsersState.view, UsersState.form
    add = add_button("Invite somebody", UsersState.open_new("user", 0))
    return frame(
        stays_current(UsersState),
        headline(UsersState, "Users", None, rx.cond(view.may_manage, add)),
        rx.cond(
            UsersState.loaded & ~view.may_manage,
            rx.el.p("Only admins see and manage people.", class_name="none"),
        ),
        rx.cond((opened.thing == "user") & (opened.id == 0), form(UsersState)),
        once_loaded(
            UsersState,
            rx.cond(view.may_manage, _search()),
            rx.el.ol(
                rx.foreach(view.users, _user), class_name="users", tab_index=-1, aria_label="Users"
            ),
        ),
        rx.cond(
            view.may_manage & (view.total == 0),
            rx.el.p("Nobody is called that.", class_name="none"),
        ),
        pages(UsersState, view.page, view.pages),
        confirmation(UsersState),
        _link(),
        who=view.who,
        here="Users",
    )


def _search() -> rx.Component:
    state = UsersState
    search = state.search_for.debounce(250)
    field = search_field("Search", state.search, search, state.search_serial, "Name or address")
    return rx.el.div(field, class_name="filters")


def _user(each: rx.Var[UserView]) -> rx.Component:
    opened = UsersState.form
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                rx.el.b(rx.cond(each.name != "", each.name, each.email), dir="auto"),
                rx.cond(each.is_self, rx.el.span(" you", class_name="quiet")),
                rx.cond(each.name != "", rx.el.span(each.email, class_name="user-email")),
                class_name="user-name",
            ),
            rx.el.span(each.role, rx.cond(each.limited, _namespaces(each), " of all namespaces")),
            rx.el.span(
                _state(each),
                rx.cond(each.has_factor, ", with a second factor", ""),
                rx.cond(each.mail != "", rx.el.span(" · ", each.mail), ""),
            ),
            _actions(each),
            class_name="user-row",
            custom_attrs={"data-state": each.state},
        ),
        rx.cond((opened.thing == "user") & (opened.id == each.id), form(UsersState)),
        history_part(UsersState, "user", each.id),
        custom_attrs={"data-user": each.email},
        key=each.id.to(str),
    )


def _namespaces(each: rx.Var[UserView]) -> rx.Component:
    return rx.fragment(
        " of ",
        rx.cond(
            each.namespaces.length() > 0,
            each.namespaces.to(list[str]).join(", "),
            "no namespace",
        ),
    )


def _state(each: rx.Var[UserView]) -> rx.Component:
    seen = rx.cond(
        each.last_seen_at != "",
        rx.fragment("seen ", moment(each.last_seen_at)),
        "never signed in",
    )
    invited = rx.fragment("invited, link open until ", moment(each.link_until))
    words = [(state, rx.fragment(text)) for state, text in STATES.items()]
    return rx.match(each.state, ("invited", invited), *words, seen)


def _actions(each: rx.Var[UserView]) -> rx.Component:
    waits = (each.state == "invited") | (each.state == "expired")
    return rx.el.span(
        _button("Edit", each, UsersState.open_form("user", each.id)),
        rx.cond(
            each.state == "deactivated",
            _button("Reactivate", each, UsersState.reactivate(each.id)),
            rx.fragment(
                rx.cond(
                    waits,
                    rx.fragment(
                        rx.cond(
                            UsersState.view.has_mail,
                            _button("Send again", each, UsersState.send_invitation(each.id)),
                        ),
                        _button("New link", each, UsersState.make_link(each.id)),
                    ),
                    rx.cond(
                        each.is_self,
                        rx.fragment(),
                        _button("Reset password", each, UsersState.reset_password(each.id)),
                    ),
                ),
                rx.cond(
                    each.link_until != "",
                    _button("Withdraw link", each, UsersState.withdraw_link(each.id)),
                ),
                rx.cond(
                    waits | each.is_self,
                    rx.fragment(),
                    _button("Deactivate", each, UsersState.deactivate(each.id)),
                ),
            ),
        ),
        rx.cond(
            UsersState.view.all_namespaces,
            _button("History", each, UsersState.tell_history(each.id)),
        ),
        _button("Delete", each, UsersState.ask_delete("user", each.id), " danger"),
        class_name="actions",
    )


def _button(text: str, each: rx.Var[UserView], on_click: object, more: str = "") -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        class_name=f"button small{more}",
        on_click=on_click,
        aria_label=rx.Var.create(f"{text}: ") + each.email,
    )


def _link() -> rx.Component:
    return shown_once(
        rx.el.h2("A link for ", UsersState.link_for, id="link-for"),
        rx.el.p(
            "Give it to this person alone: the one who opens it chooses the password. It works "
            "once, for 72 hours, and is shown only now."
        ),
        text=UsersState.link,
        element_id="password-link",
        label="The link",
        on_done=UsersState.close_link,
        labelled_by="link-for",
    )
