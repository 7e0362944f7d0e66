"""The public site: a Reflex app without state, so without a websocket."""

import reflex as rx

from pages.public.invite import invite
from pages.public.login import login
from pages.public.setup import setup
from pages.public.status import status

app = rx.App(
    enable_state=False,
    toaster=None,
    html_lang="en-GB",
    stylesheets=["/theme.css", "/public.css"],
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
    ],
)
ICON = "/favicon.svg"
app.add_page(status, route="/status", title="Status", image=ICON)
app.add_page(login, route="/login", title="Log in", image=ICON)
app.add_page(setup, route="/setup", title="Create the first account", image=ICON)
app.add_page(invite, route="/invite", title="Choose your password", image=ICON)
