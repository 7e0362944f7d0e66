"""The settings: name and colour, sign-in, what is kept, the monitor itself, and mail."""

import reflex as rx

from pages.admin.settings.logo import logo
from pages.admin.settings.outside_apps import provider, slack_apps
from pages.admin.settings.state import SettingsState
from webmon.queries.installation import SettingsView
from webmon.ui.display.native import NativeForm
from webmon.ui.display.panel import panel
from webmon.ui.forms.native_fields import native_tick
from webmon.ui.rooms.room_view import headline, once_loaded, stays_current
from webmon.ui.shell.confirm_again import mistake_of_form
from webmon.ui.shell.frame import frame

ROUTE = "/settings"
TITLE = "Settings – Beaconry"


def settings() -> rx.Component:
    """The page."""
    view = SettingsState.view
    return frame(
        stays_current(SettingsState),
        headline(SettingsState, "Settings", None),
        rx.cond(
            SettingsState.done != "",
            rx.el.p(SettingsState.done, class_name="notice good", role="status"),
        ),
        mistake_of_form(SettingsState.error, SettingsState.must_confirm),
        rx.cond(
            SettingsState.loaded & ~view.may_manage,
            rx.el.p("Only admins of all namespaces see and change these.", class_name="none"),
        ),
        once_loaded(
            SettingsState,
            rx.cond(
                view.may_manage,
                rx.fragment(_form(), logo(), _mail(), slack_apps(), provider(), _elsewhere()),
            ),
        ),
        who=view.who,
        here="Settings",
    )


def _form() -> rx.Component:
    view = SettingsState.view
    return NativeForm.create(
        rx.el.div(*_panels(view), class_name="panels"),
        rx.el.button("Save", type="submit", class_name="button primary"),
        action="/auth/settings",
        method="post",
        class_name="settings",
        key=view.to_string(),
    )


def _panels(view: rx.Var[SettingsView]) -> tuple[rx.Component, ...]:
    return (
        panel(
            "Name and colour",
            _control("Name of this page", "site_name", view.site_name, "Beaconry"),
            _control("Accent colour", "accent", view.accent, "#1b4f8f"),
            rx.el.p("On the public page and here; on dark pages it is lighter.", class_name="help"),
        ),
        panel(
            "The public page",
            _control(
                "Its own address",
                "public_address",
                view.public_address,
                "https://status.example.org",
            ),
            rx.el.p(
                "Links in messages, feeds and calendars lead there. That host name serves the "
                "public page alone: point it here, as the one of this app.",
                class_name="help",
            ),
        ),
        panel(
            "Signing in",
            rx.el.fieldset(
                rx.el.legend("A second factor is required of"),
                _tick("admins", "admin", view.admins_need_factor),
                _tick("editors", "editor", view.editors_need_factor),
                _tick("viewers", "viewer", view.viewers_need_factor),
            ),
            rx.cond(
                view.has_provider,
                native_tick(
                    "who signs in by the organisation has proved it there: no code is asked here",
                    "provider_factor_counts",
                    "true",
                    default_checked=view.provider_factor_counts,
                ),
                rx.cond(
                    view.provider_factor_counts,
                    rx.el.input(type="hidden", name="provider_factor_counts", value="true"),
                ),
            ),
            _control("A session lives for (days)", "session_days", view.session_days, "14"),
        ),
        panel(
            "What is kept",
            _control("Single results (days)", "raw_retention_days", view.raw_retention_days, "30"),
            _control(
                "Hourly figures and messages (days)",
                "hourly_retention_days",
                view.hourly_retention_days,
                "400",
            ),
        ),
        panel(
            "The monitor itself",
            _control(
                "Reference addresses",
                "connectivity_targets",
                view.connectivity_targets,
                "1.1.1.1:53, 9.9.9.9:53",
            ),
            rx.el.p(
                "When none of these takes a connection, the monitor is offline and alarms nobody.",
                class_name="help",
            ),
        ),
    )


def _control(label: str, name: str, value: rx.Var[str], example: str) -> rx.Component:
    locked = SettingsState.view.locked.to(list[str]).contains(name)
    return rx.el.label(
        label,
        rx.el.input(
            name=name,
            default_value=value,
            placeholder=example,
            disabled=locked,
            class_name="control",
        ),
        rx.cond(
            locked,
            rx.el.span("Set by WEBMON_" + name.upper() + " and locked.", class_name="help"),
        ),
        class_name="label",
    )


def _tick(words: str, role: str, is_on: rx.Var[bool]) -> rx.Component:
    return native_tick(words, "second_factor_roles", role, default_checked=is_on)


def _mail() -> rx.Component:
    view = SettingsState.view
    test = NativeForm.create(
        rx.el.button("Send a test to me", type="submit", class_name="button"),
        action="/auth/settings/test-mail",
        method="post",
    )
    return panel(
        "Mail",
        rx.cond(
            view.mail != "",
            rx.fragment(
                rx.el.p(
                    "Mail is handed to ",
                    rx.el.code(view.mail),
                    ", set by ",
                    rx.el.code("WEBMON_SMTP_URL"),
                    " and locked.",
                ),
                rx.cond(view.last_test != "", rx.el.p(view.last_test, role="status")),
                test,
            ),
            rx.el.p(
                "No mail server is set, so no mail is sent. Set ",
                rx.el.code("WEBMON_SMTP_URL"),
                " and start web and worker again.",
            ),
        ),
    )


def _elsewhere() -> rx.Component:
    return rx.el.p(
        "Names, timezones and networks of groups of hosts are in ",
        rx.el.a("Namespaces", href="/namespaces/"),
        ".",
        class_name="elsewhere",
    )
