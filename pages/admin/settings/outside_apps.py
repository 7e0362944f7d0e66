"""The panels of what is set up elsewhere: Slack apps, and the identity provider."""

import reflex as rx

from pages.admin.settings.state import SettingsState
from webmon.ui.display.native import NativeForm
from webmon.ui.display.panel import panel
from webmon.ui.forms.native_fields import native_field


def slack_apps() -> rx.Component:
    """Whose commands and buttons are believed; a secret is typed, and never shown."""
    view = SettingsState.view
    add = NativeForm.create(
        native_field("Name", "name", placeholder="IATI workspace", required=True),
        native_field(
            "Signing secret", "secret", type="password", required=True, auto_complete="off"
        ),
        rx.el.p("A name that is listed already gets the new secret.", class_name="help"),
        rx.el.button("Save the app", type="submit", class_name="button"),
        action="/auth/settings/slack-app",
        method="post",
    )
    listed = rx.el.ul(rx.foreach(view.slack_apps.to(list[str]), _app), class_name="sessions")
    return panel(
        "Slack apps",
        rx.el.p("One for each workspace whose commands and buttons come here."),
        rx.cond(
            view.slack_locked, _locked("WEBMON_SLACK_SIGNING_SECRET"), rx.fragment(listed, add)
        ),
    )


def provider() -> rx.Component:
    """By which identity provider people sign in."""
    view = SettingsState.view
    kept = rx.cond(view.has_client_secret, "set; empty keeps it", "")
    fields = rx.fragment(
        native_field("Issuer", "issuer", default_value=view.issuer),
        native_field("Client id", "client_id", default_value=view.client_id),
        native_field(
            "Client secret",
            "client_secret",
            type="password",
            placeholder=kept,
            auto_complete="off",
        ),
        native_field(
            "Groups",
            "groups",
            default_value=view.groups,
            placeholder="admins=admin, iati-team=editor:iati",
        ),
        native_field("Claim with the groups", "groups_claim", default_value=view.groups_claim),
        rx.el.p(
            "Redirect address for the provider: ", rx.el.code(view.callback), class_name="help"
        ),
        rx.el.p("Without an issuer there is no provider.", class_name="help"),
        rx.el.button("Save the provider", type="submit", class_name="button"),
    )
    form = NativeForm.create(
        fields, action="/auth/settings/provider", method="post", key=view.to_string()
    )
    told = rx.fragment(
        rx.el.p("People sign in by ", rx.el.code(view.issuer), "."), _locked("WEBMON_OIDC_ISSUER")
    )
    return panel("Identity provider", rx.cond(view.provider_locked, told, form))


def _app(name: rx.Var[str]) -> rx.Component:
    return rx.el.li(
        rx.el.b(name),
        rx.el.span("secret set"),
        rx.el.span(),
        NativeForm.create(
            rx.el.input(type="hidden", name="name", value=name),
            rx.el.button("Remove", type="submit", class_name="button small danger"),
            action="/auth/settings/slack-app/remove",
            method="post",
        ),
        key=name,
    )


def _locked(name: str) -> rx.Component:
    return rx.el.p("Set by ", rx.el.code(name), " and locked.", class_name="help")
