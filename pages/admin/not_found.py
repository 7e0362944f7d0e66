"""The page at an address of the admin app where there is nothing."""

import reflex as rx

from webmon.ui.shell.frame import frame

ROUTE = "404"
TITLE = "Not found – Beaconry"


def not_found() -> rx.Component:
    """Says so, and leads back; the rail beside it leads everywhere else."""
    return frame(
        rx.el.div(rx.el.h1("There is no such page"), class_name="headline"),
        rx.el.p(
            "The address is wrong, or what was here has moved. ",
            rx.el.a("Go to the dashboard", href="/"),
            ".",
            class_name="none",
        ),
        who="Your profile",
        here="",
    )
