"""What every page of the admin app stands in: the rail with its rooms, and the room itself."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from webmon.ui.display.native import NativeForm, NativeLink
from webmon.ui.display.status import sprite
from webmon.ui.forms.drafts import drafts
from webmon.ui.shell.busy import busy
from webmon.ui.shell.confirm_again import confirm_again
from webmon.ui.shell.keys import keys
from webmon.ui.shell.live import arrival
from webmon.ui.shell.look import LookState, look
from webmon.ui.shell.palette import palette, palette_button
from webmon.ui.shell.proxy_notices import connection_notice, proxy_notice

ROOMS = (
    {
        "Dashboard": "/",
        "Hosts": "/hosts/",
        "Incidents": "/incidents/",
        "Planned downtime": "/downtime/",
        "Channels": "/channels/",
    },
    {
        "Namespaces": "/namespaces/",
        "Users": "/users/",
        "Activity": "/activity/",
        "API keys": "/keys/",
        "Settings": "/settings/",
    },
)
"""Groups of rooms. Their addresses are within the app: going to one loads nothing. A new
room is one line here, one in `webmon.webmon` and one in `webmon.edge.gate`."""

MENU = "rooms"


def frame(*content: rx.Component, who: rx.Var[str], here: str) -> rx.Component:
    """A page of the admin app; ``who`` is signed in, ``here`` the room that it is."""
    return rx.fragment(
        sprite(),
        look(),
        NativeLink.create("Skip to the content", href="#main", class_name="skip"),
        rx.el.header(
            rx.el.span(_site_name(), class_name="brand"),
            rx.el.span(here, class_name="here", aria_hidden="true"),
            palette_button(),
            rx.el.button(
                "Menu",
                type="button",
                class_name="button quiet menu-button",
                custom_attrs={"popovertarget": MENU},
            ),
            _rail(who, here),
            class_name="head",
        ),
        rx.el.div(
            rx.el.noscript(
                rx.el.p(
                    "The admin app needs JavaScript, which is turned off here.",
                    class_name="notice",
                )
            ),
            rx.cond(
                has_connection_errors,
                connection_notice(),
            ),
            proxy_notice(),
            rx.el.main(*content, id="main", tab_index=-1),
            class_name="room",
        ),
        arrival(),
        keys(),
        palette(),
        busy(),
        confirm_again(),
        drafts(),
    )


def _rail(who: rx.Var[str], here: str) -> rx.Component:
    """Beside the page; on a phone a menu, which the browser opens and closes by itself."""
    return rx.el.div(
        rx.el.nav(
            *(
                rx.el.ul(
                    *(rx.el.li(_way(name, address, name == here)) for name, address in each.items())
                )
                for each in ROOMS
            ),
            rx.el.ul(rx.el.li(NativeLink.create("Public page", href="/status/"))),
            aria_label="Rooms",
        ),
        rx.el.div(
            rx.el.a(_name(who), href="/profile/", class_name="who"),
            NativeForm.create(
                rx.el.button("Sign out", type="submit", class_name="button quiet"),
                action="/auth/logout",
                method="post",
            ),
            class_name="person",
        ),
        id=MENU,
        class_name="rail",
        custom_attrs={"popover": "auto"},
    )


def _site_name() -> rx.Var[str]:
    name = LookState.look.site_name
    return rx.cond(name != "", name, "Beaconry")


def _name(who: rx.Var[str]) -> rx.Component:
    """The way to one's own profile."""
    name = LookState.look.name
    return rx.cond(name != "", rx.fragment(rx.el.b(name), rx.el.br(), who), who)


def _way(name: str, address: str, is_here: bool) -> rx.Component:
    return rx.el.a(name, href=address, custom_attrs={"aria-current": "page"} if is_here else {})
