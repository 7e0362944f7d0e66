"""How a host is reached over SSH: the line to install there, and the keys it is known by."""

import reflex as rx

from pages.admin.hosts.state import HostsState
from webmon.queries.inventory.host_detail import HostDetail, HostKeyView
from webmon.ui.display.copied import copied
from webmon.ui.display.moment import moment
from webmon.ui.shell.live import modal


def host_access() -> rx.Component:
    """What opens below the head of a host."""
    host = HostsState.host
    return rx.el.div(
        rx.el.h3("SSH access"),
        rx.el.p(
            rx.cond(
                host.user != "",
                rx.fragment(
                    "Checks log in as ",
                    rx.el.b(host.user),
                    f" at port {host.port}, with a ",
                    rx.cond(host.has_key, "private key.", "password."),
                ),
                "No SSH access is set up.",
            )
        ),
        _keys(host),
        rx.cond(HostsState.install_line != "", _line(host)),
        rx.cond(
            (host.user != "") & ~host.has_key & HostsState.can_edit,
            rx.el.p(
                "With a private key, what the checks may do on the host can be limited.",
                class_name="help",
            ),
        ),
        class_name="detail access",
    )


def _line(host: rx.Var[HostDetail]) -> rx.Component:
    return rx.fragment(
        rx.el.h4("Line for ~/.ssh/authorized_keys of ", host.user),
        copied(
            HostsState.install_line,
            element_id="authorized-keys",
            label="Line for authorized_keys",
        ),
        rx.el.p(
            "It allows only the read-only commands of this host’s checks. "
            "Install it again after adding or changing machine or cron checks.",
            class_name="help",
        ),
    )


def _keys(host: rx.Var[HostDetail]) -> rx.Component:
    return rx.fragment(
        rx.el.h4("Host keys"),
        rx.cond(
            host.known_keys.length() > 0,
            rx.el.ul(
                rx.foreach(host.known_keys, lambda key: _key(host, key)), class_name="host-keys"
            ),
            rx.el.p("None seen yet. The first one is remembered.", class_name="help"),
        ),
    )


def _key(host: rx.Var[HostDetail], key: rx.Var[HostKeyView]) -> rx.Component:
    return rx.el.li(
        rx.el.span("Port ", key.port),
        rx.el.span(key.type, " ", rx.el.code(key.fingerprint), class_name="fingerprint"),
        rx.el.span("first seen ", moment(key.first_seen_at), class_name="since-seen"),
        rx.cond(
            key.is_changed,
            rx.el.p(
                "The last check saw a different key. Unless the machine was reinstalled, another "
                "machine may be answering in its place.",
                rx.cond(HostsState.is_admin, "", " An admin can accept the new key."),
                class_name="message",
            ),
        ),
        rx.cond(key.is_changed & HostsState.is_admin, accept_button(host.id, key.port)),
        custom_attrs={"data-status": rx.cond(key.is_changed, "down", "")},
        key=key.port.to(str),
    )


def accept_button(host_id: rx.Var[int], port: rx.Var[int]) -> rx.Component:
    """Leads an admin to the question."""
    return rx.el.button(
        "Accept the new key",
        type="button",
        class_name="button small danger-edge",
        on_click=HostsState.ask_accept_key(host_id, port),
    )


def key_confirmation() -> rx.Component:
    """The question before another key is taken for the host's."""
    asked = HostsState.key_question
    return modal(
        rx.el.h2("Accept the new key of ", asked.host, "?", id="key-question"),
        rx.el.p(asked.message, class_name="quoted"),
        rx.el.p(
            "A host key changes when the machine is reinstalled or moved. It also changes when "
            "another machine answers in its place: that machine would then receive the password, "
            "if there is one, and could report anything."
        ),
        rx.el.p(
            "First compare the new fingerprint with the one on the host’s own console: ",
            rx.el.code("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"),
            ". Only the key with this fingerprint will be accepted: ",
            rx.el.code(asked.fingerprint),
        ),
        rx.el.div(
            rx.el.button(
                "Refuse",
                type="button",
                class_name="button",
                on_click=HostsState.keep,
                auto_focus=True,
            ),
            rx.el.button(
                "Accept the new key",
                type="button",
                class_name="button danger",
                on_click=HostsState.accept_key,
            ),
            class_name="form-actions",
        ),
        is_open=asked.host_id != 0,
        on_cancel=HostsState.keep,
        labelled_by="key-question",
    )
