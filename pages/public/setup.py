"""Where the holder of the one-time link creates the first account."""

import reflex as rx

from webmon.ui.display.native import NativeForm, RawHTML
from webmon.ui.public.theme import field, page


def setup() -> rx.Component:
    """The page at `/setup/`; the server fills in the link's token and what went wrong."""
    return page(
        rx.el.div(
            rx.el.h1("Create the first account"),
            rx.el.p("It is an admin: it can change everything."),
            RawHTML.create("", id="alert"),
            NativeForm.create(
                RawHTML.create("", id="token"),
                field("E-mail address", "email", "email", autocomplete="username", autoFocus=True),
                field(
                    "Password",
                    "password",
                    "password",
                    hint="At least 15 characters. A few words in a row are good.",
                    autocomplete="new-password",
                    minlength="15",
                ),
                field(
                    "Repeat password",
                    "password_again",
                    "password",
                    autocomplete="new-password",
                    minlength="15",
                ),
                rx.el.button("Create the account", type="submit"),
                action="/auth/setup",
                method="post",
            ),
            class_name="sheet",
        )
    )
