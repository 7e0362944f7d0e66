"""The profile: name, timezone and theme, the password, and where one is signed in."""

import reflex as rx

from pages.admin.profile.state import ProfileState
from webmon.domain.notifications.mails import WORDS
from webmon.domain.timezones import known_timezones
from webmon.queries.own_profile import SessionView
from webmon.ui.display.moment import moment
from webmon.ui.display.native import NativeForm, NativeLink
from webmon.ui.display.panel import panel
from webmon.ui.forms.native_fields import native_field, native_tick
from webmon.ui.rooms.room_view import headline, stays_current
from webmon.ui.shell.confirm_again import mistake_of_form
from webmon.ui.shell.frame import frame

ROUTE = "/profile"
TITLE = "Profile – Beaconry"

THEMES = {"": "Same as system", "light": "Light", "dark": "Dark"}


def profile() -> rx.Component:
    """The page."""
    view = ProfileState.view
    return frame(
        stays_current(ProfileState),
        headline(ProfileState, "Your profile", None),
        rx.cond(
            ProfileState.done != "",
            rx.el.p(ProfileState.done, class_name="notice good", role="status"),
        ),
        mistake_of_form(ProfileState.error, ProfileState.must_confirm),
        rx.el.div(
            _about(),
            _address(),
            _password(),
            _factor(),
            _mails(),
            _slack(),
            _sessions(),
            class_name="panels profile",
        ),
        who=view.who,
        here="Profile",
    )


def _address() -> rx.Component:
    view = ProfileState.view
    what_follows = rx.cond(
        view.has_mail,
        "It counts once you have opened the link that is mailed there. "
        "Your current address is notified.",
        "No mail server is set: the change takes effect at once, without an e-mail. "
        "Check it twice.",
    )
    waits = rx.fragment(
        rx.el.p("A link was mailed to ", rx.el.b(view.asked_email), ". Open it within a day."),
        rx.cond(
            view.asked_note != "", rx.el.p("The mail was not sent: ", view.asked_note, role="alert")
        ),
        NativeForm.create(
            rx.el.button("Keep the current address", type="submit", class_name="button"),
            action="/auth/email/keep",
            method="post",
        ),
    )
    return panel(
        "E-mail address",
        rx.el.p("You sign in as ", rx.el.b(view.email), "."),
        rx.cond(view.asked_email != "", waits),
        NativeForm.create(
            native_field(
                "New address", "email", type="email", required=True, auto_complete="email"
            ),
            rx.el.p(what_follows, class_name="help"),
            rx.el.button("Change the address", type="submit", class_name="button"),
            action="/auth/email",
            method="post",
        ),
    )


def _about() -> rx.Component:
    view = ProfileState.view
    zones = sorted(known_timezones())
    return panel(
        "About you",
        NativeForm.create(
            native_field("Name", "name", default_value=view.name, auto_complete="name"),
            native_field(
                "Timezone",
                "timezone",
                default_value=view.timezone,
                placeholder="the browser's",
                list="timezones",
            ),
            rx.el.datalist(*(rx.el.option(value=zone) for zone in zones), id="timezones"),
            rx.el.label(
                "Theme",
                rx.el.select(
                    *(rx.el.option(words, value=value) for value, words in THEMES.items()),
                    default_value=view.theme,
                    name="theme",
                    class_name="control",
                ),
                class_name="label",
            ),
            rx.el.button("Save", type="submit", class_name="button primary"),
            action="/auth/profile",
            method="post",
            key=f"{view.name} {view.timezone} {view.theme}",
        ),
    )


def _password() -> rx.Component:
    without = rx.el.p("You have none here: you sign in by your organisation.")
    return panel("Password", rx.cond(ProfileState.view.has_password, _new_password(), without))


def _new_password() -> rx.Component:
    return NativeForm.create(
        rx.el.input(
            type="text",
            name="username",
            value=ProfileState.view.email,
            read_only=True,
            auto_complete="username",
            class_name="visually-hidden",
            aria_hidden="true",
            tab_index=-1,
        ),
        _secret("Current password", "current", "current-password"),
        _secret("New password", "password", "new-password"),
        rx.el.p(
            "At least ",
            rx.cond(ProfileState.view.has_factor, "8", "15"),
            " characters. A few words in a row are good.",
            class_name="help",
        ),
        _secret("Repeat the new password", "password_again", "new-password"),
        rx.el.p("You are signed out everywhere else.", class_name="help"),
        rx.el.button("Change the password", type="submit", class_name="button"),
        action="/auth/password",
        method="post",
    )


def _factor() -> rx.Component:
    view = ProfileState.view
    left = rx.cond(view.codes_left == 1, " recovery code is left.", " recovery codes are left.")
    on = rx.fragment(
        rx.el.p("You sign in with a code as well. ", view.codes_left, left),
        NativeForm.create(
            native_field("Code", "code", required=True, auto_complete="one-time-code"),
            rx.el.button("New recovery codes", type="submit", class_name="button"),
            rx.el.button(
                "Turn it off",
                type="submit",
                class_name="button danger",
                custom_attrs={"formaction": "/auth/second-factor/remove"},
            ),
            action="/auth/second-factor/codes",
            method="post",
        ),
    )
    off = rx.fragment(
        rx.el.p(
            "A code from your phone or password manager as well as the password: then nobody signs "
            "in with a stolen password alone."
        ),
        NativeLink.create("Set it up", href="/auth/second-factor", class_name="button"),
    )
    return panel("Second factor", rx.cond(view.has_factor, on, off))


def _mails() -> rx.Component:
    mails = ProfileState.view.mails.to(list[str])
    return panel(
        "E-mails",
        NativeForm.create(
            rx.el.fieldset(
                rx.el.legend("The channel Administrators mails you about"),
                *(
                    native_tick(
                        words, "mails", kind.value, default_checked=mails.contains(kind.value)
                    )
                    for kind, words in WORDS.items()
                ),
            ),
            rx.el.p(
                "Outages and reminders go to admins alone. Mail about your account, tests, and "
                "what is wrong with the monitor itself always comes.",
                class_name="help",
            ),
            rx.el.button("Save the choice", type="submit", class_name="button"),
            action="/auth/mails",
            method="post",
            key=ProfileState.view.mails.to_string(),
        ),
    )


def _secret(label: str, name: str, complete: str) -> rx.Component:
    return native_field(label, name, type="password", required=True, auto_complete=complete)


def _slack() -> rx.Component:
    return panel(
        "Slack",
        NativeForm.create(
            rx.el.p(
                "Where a Slack app is set up, a code links you there: then you can acknowledge, "
                "mute and plan from Slack.",
                class_name="help",
            ),
            rx.el.button("Get a code", type="submit", class_name="button"),
            action="/auth/slack-code",
            method="post",
        ),
    )


def _sessions() -> rx.Component:
    view = ProfileState.view
    return panel(
        "Where you are signed in",
        rx.el.ul(rx.foreach(view.sessions, _session), class_name="sessions"),
        rx.cond(
            view.sessions.length() > 1,
            _end("others", "Sign out everywhere else"),
        ),
        wide=True,
    )


def _session(each: rx.Var[SessionView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.b(each.device),
            rx.cond(each.is_present, rx.el.span(" this one", class_name="quiet")),
        ),
        rx.el.span(each.address),
        rx.el.span("last used ", moment(each.used_at)),
        rx.cond(each.is_present, rx.el.span(), _end(each.id, "Sign out")),
        key=each.id,
    )


def _end(which: rx.Var[str] | str, text: str) -> rx.Component:
    return NativeForm.create(
        rx.el.input(type="hidden", name="which", value=which),
        rx.el.button(text, type="submit", class_name="button small"),
        action="/auth/sessions/end",
        method="post",
    )
