"""Where the holder of a link that was made for them chooses a password."""

import reflex as rx

from webmon.ui.display.native import NativeForm, RawHTML
from webmon.ui.public.theme import field, page


def invite() -> rx.Component:
    """The page at `/invite/`; the server fills in the link's token and what went wrong."""
    new = {"autocomplete": "new-password", "minlength": "8"}
    hint = "At least 15 characters, or 8 if you sign in with a code as well. A few words are good."
    return page(
        rx.el.div(
            rx.el.h1("Choose your password"),
            RawHTML.create("", id="alert"),
            NativeForm.create(
                RawHTML.create("", id="token"),
                field("Password", "password", "password", hint=hint, autoFocus=True, **new),
                field("Repeat password", "password_again", "password", **new),
                rx.el.button("Save and sign in", type="submit"),
                action="/auth/invite",
                method="post",
            ),
            class_name="sheet",
        )
    )
