"""Composition root of the web process: the admin app, and the edge around both sites."""

import gc
import logging

import reflex as rx
from reflex_base.event import EventSpec

from pages.admin import not_found
from pages.admin.activity import page as activity
from pages.admin.activity.state import ActivityState
from pages.admin.channels import page as channels
from pages.admin.channels.state import ChannelsState
from pages.admin.dashboard import page as dashboard
from pages.admin.dashboard.state import DashboardState
from pages.admin.downtimes import page as downtimes
from pages.admin.downtimes.state import DowntimesState
from pages.admin.host import page as host
from pages.admin.host.state import HostPageState
from pages.admin.hosts import page as hosts
from pages.admin.hosts.state import HostsState
from pages.admin.incidents import page as incidents
from pages.admin.incidents.state import IncidentsState
from pages.admin.keys import page as keys
from pages.admin.keys.state import KeysState
from pages.admin.moving import page as moving
from pages.admin.moving.state import MovingState
from pages.admin.namespaces import page as namespaces
from pages.admin.namespaces.state import NamespacesState
from pages.admin.profile import page as profile
from pages.admin.profile.state import ProfileState
from pages.admin.service import page as service
from pages.admin.service.state import ServicePageState
from pages.admin.settings import page as settings_room
from pages.admin.settings.state import SettingsState
from pages.admin.users import page as users
from pages.admin.users.state import UsersState
from webmon import db, pulse, shared_states
from webmon.api.app import public_app
from webmon.api.heartbeats import keep_listening
from webmon.config import settings
from webmon.domain.plain_page import DATABASE_AWAY
from webmon.edge import Edge
from webmon.ui.shell.look import LookState, remembered
from webmon.ui.states.kept_states import drop_stale, keep_dropping
from webmon.ui.states.private import AuthMiddleware

log = logging.getLogger(__name__)

REDIS_AWAY = "The Redis that keeps this page cannot be reached. Please try again soon."


def tell_of_fault(exception: Exception) -> EventSpec:
    """What somebody sees when a handler failed by a fault of ours; the reason is in the log.

    That the database is away is none.
    """
    told: EventSpec
    if isinstance(exception, db.DatabaseUnavailable):
        log.warning("an event waits for the database: %s", db.reason(exception))
        told = rx.toast.error(DATABASE_AWAY, id="database")
        return told
    if settings().redis_url and shared_states.is_fault(exception):
        log.warning("an event waits for Redis: %s", exception)
        told = rx.toast.error(REDIS_AWAY, id="redis")
        return told
    log.error("an event failed", exc_info=exception)
    told = rx.toast.error(
        "That failed because of an error in Beaconry. The log has the details.", id="fault"
    )
    return told


STYLES = (
    *("base", "frame", "buttons", "notices", "watch", "filters", "namespaces", "hosts", "services"),
    *("bulk", "evidence", "statistics", "copied", "access", "changes", "channels", "deliveries"),
    *("incidents", "forms", "dialogs", "toasts", "dashboard", "records", "users"),
    *("profile", "activity", "settings", "downtimes", "palette", "moving"),
)
"""The files of `assets/admin`, in the order of the cascade; the build makes one of them."""

app = rx.App(
    stylesheets=["/theme.css", *(f"/admin/{name}.css" for name in STYLES)],
    head_components=[
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        remembered,
        rx.el.meta(name="color-scheme", content="light dark"),
    ],
    html_lang="en-GB",
    toaster=rx.toast.provider(theme="system", position="bottom-right", rich_colors=False),
    backend_exception_handler=tell_of_fault,
)
app.app_wraps.pop((5, "Overlay"))  # Reflex's word on a lost connection; ours stands in the frame
app.add_middleware(AuthMiddleware())
app.register_lifespan_task(keep_listening)
app.register_lifespan_task(keep_dropping)
app.register_lifespan_task(pulse.keep_beating)
for room, page, load in (
    (dashboard, dashboard.dashboard, DashboardState.load),
    (hosts, hosts.hosts, HostsState.load),
    (host, host.host, HostPageState.load),
    (service, service.service, ServicePageState.load),
    (channels, channels.channels, ChannelsState.load),
    (incidents, incidents.incidents, IncidentsState.load),
    (profile, profile.profile, ProfileState.load),
    (settings_room, settings_room.settings, SettingsState.load),
    (downtimes, downtimes.downtimes, DowntimesState.load),
    (moving, moving.moving, MovingState.load),
    (namespaces, namespaces.namespaces, NamespacesState.load),
    (users, users.users, UsersState.load),
    (keys, keys.keys, KeysState.load),
    (activity, activity.activity, ActivityState.load),
):
    app.add_page(
        page,
        route=room.ROUTE,
        title=room.TITLE,
        image="/favicon.svg",
        description="",
        on_load=[LookState.take, load],
    )


app.add_page(
    not_found.not_found, route=not_found.ROUTE, title=not_found.TITLE, image="/favicon.svg"
)


async def drop_left() -> None:
    """Drop what was kept for a session that has just ended."""
    await drop_stale(app)


def web() -> Edge:
    """The whole web process, for an ASGI server to serve."""
    edge = Edge(
        app(),
        public_app(),
        trusted_proxies=settings().trusted_proxies,
        base_url=settings().base_url,
        after_sign_in_or_out=drop_left,
    )
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it again
    return edge
