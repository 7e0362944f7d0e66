"""The panel in which a logo is sent: of the installation, or of a namespace."""

import reflex as rx

from pages.admin.settings.state import SettingsState
from webmon.ui.display.native import NativeForm
from webmon.ui.display.panel import panel
from webmon.ui.forms.native_fields import native_tick


def logo() -> rx.Component:
    """Whose logos there are, and a form for another one."""
    view = SettingsState.view
    there = rx.cond(
        view.logos.length() > 0,
        rx.el.p("There is one of: ", view.logos.to(list[str]).join(", ")),
        rx.el.p("There is none yet."),
    )
    whose = rx.el.label(
        "Of",
        rx.el.select(
            rx.el.option("the installation", value=""),
            rx.foreach(
                view.namespaces,
                lambda each: rx.el.option(each[1], value=each[0]),
            ),
            name="namespace",
            class_name="control",
        ),
        class_name="label",
    )
    picture = rx.el.label(
        "Picture (PNG, JPEG or WebP, at most 200 kB)",
        rx.el.input(
            type="file", name="file", accept="image/png,image/jpeg,image/webp", class_name="control"
        ),
        class_name="label",
    )
    remove = native_tick("Remove the current logo", "remove", "yes")
    return panel(
        "Logo on the public page",
        there,
        NativeForm.create(
            whose,
            picture,
            remove,
            rx.el.button("Save the logo", type="submit", class_name="button"),
            action="/admin/api/logo",
            method="post",
            custom_attrs={"encType": "multipart/form-data"},
        ),
    )
