"""Where people log in. The browser sends the form itself, with or without JavaScript."""

import reflex as rx

from webmon.ui.display.native import NativeForm, RawHTML
from webmon.ui.public.theme import field, page


def login() -> rx.Component:
    """The page at `/login/`; the server fills in what was wrong with the last attempt."""
    return page(
        rx.el.div(
            rx.el.h1("Log in"),
            RawHTML.create("", id="alert"),
            RawHTML.create("", id="provider"),
            NativeForm.create(
                field("E-mail address", "email", "email", autocomplete="username", autoFocus=True),
                field("Password", "password", "password", autocomplete="current-password"),
                RawHTML.create("", id="next"),
                rx.el.button("Log in", type="submit"),
                RawHTML.create("", id="forgotten"),
                action="/auth/login",
                method="post",
            ),
            class_name="sheet",
        )
    )
