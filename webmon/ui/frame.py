"""What every page of the admin app stands in."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from webmon.ui.live import arrival
from webmon.ui.native import NativeForm, NativeLink
from webmon.ui.status import sprite

ROOMS = {"Hosts": "/", "Channels": "/channels/", "Incidents": "/incidents/"}
"""Within the app, so that going from one to the other loads nothing."""


def frame(*content: rx.Component, who: rx.Var[str], here: str) -> rx.Component:
    """A page of the admin app; ``who`` is signed in, ``here`` the room that it is."""
    return rx.fragment(
        sprite(),
        NativeLink.create("Skip to the list", href="#main", class_name="skip"),
        rx.el.header(
            rx.el.div(
                rx.el.span("Beaconry", class_name="brand"),
                rx.el.nav(
                    *(_way(name, address, name == here) for name, address in ROOMS.items()),
                    NativeLink.create("Public page", href="/status/"),
                    aria_label="Main",
                ),
                rx.el.span(who, class_name="who"),
                NativeForm.create(
                    rx.el.button("Sign out", type="submit", class_name="button quiet"),
                    action="/auth/logout",
                    method="post",
                ),
                class_name="bar",
            ),
            class_name="head",
        ),
        rx.el.noscript(
            rx.el.p(
                "The admin app needs JavaScript, which is turned off here.", class_name="notice"
            )
        ),
        rx.cond(
            has_connection_errors,
            rx.el.p(
                "The server does not answer. You see the last known state; "
                "the page continues by itself when the server is back.",
                class_name="notice away",
                role="status",
            ),
        ),
        rx.el.main(*content, id="main", tab_index=-1),
        arrival(),
    )


def _way(name: str, address: str, is_here: bool) -> rx.Component:
    return rx.el.a(name, href=address, custom_attrs={"aria-current": "page"} if is_here else {})
