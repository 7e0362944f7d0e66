"""A file of another monitor's, what would come of it, and the button that carries it over.

`assets/moving.js` sends the form, and shows the answer of `webmon.api.admin.moving` below it.
"""

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

from pages.admin.moving.state import MovingState
from webmon.ui.display.native import NativeForm
from webmon.ui.rooms.room_view import headline, stays_current
from webmon.ui.shell.frame import frame

ROUTE = "/import"
TITLE = "Move here – Beaconry"

SOURCES = {
    "kuma": "Uptime Kuma: kuma.db",
    "gatus": "Gatus: its YAML file",
    "uptimerobot": "UptimeRobot: the exported CSV",
    "healthchecks": "healthchecks.io: the JSON of its checks",
}


class Sends(Fragment):
    """The script that sends the form."""

    def add_imports(self) -> dict[str, list[ImportVar]]:
        """It listens by itself."""
        return {"$/public/moving.js": [ImportVar(tag="moving")]}


def moving() -> rx.Component:
    """The page."""
    view = MovingState.view
    return frame(
        stays_current(MovingState),
        Sends.create(),
        headline(MovingState, "Move here from another monitor", None),
        rx.cond(
            MovingState.loaded & ~view.can_edit,
            rx.el.p("Only editors and admins carry something over.", class_name="none"),
        ),
        rx.cond(view.can_edit, rx.fragment(_form(), _outcome())),
        who=view.who,
        here="Hosts",
    )


def _form() -> rx.Component:
    return NativeForm.create(
        rx.el.label(
            "From",
            rx.el.select(
                *(rx.el.option(words, value=source) for source, words in SOURCES.items()),
                name="source",
                class_name="control",
            ),
            class_name="label",
        ),
        rx.el.label(
            "File, of at most 10 MB",
            rx.el.input(
                type="file",
                name="file",
                required=True,
                accept=".db,.sqlite,.yaml,.yml,.csv,.json",
                class_name="control",
            ),
            class_name="label",
        ),
        rx.el.label(
            "Into the namespace",
            rx.el.select(
                rx.foreach(
                    MovingState.view.namespaces,
                    lambda each: rx.el.option(each.name, value=each.slug),
                ),
                name="namespace",
                class_name="control",
            ),
            class_name="label",
        ),
        rx.el.button("Show what would come over", type="submit", class_name="button primary"),
        rx.el.p(
            "First you see what would be carried, changed and left out, and why. Nothing is made "
            "before you confirm it. The old monitor's file is only read. What is here already "
            "stays as it is, and new hosts are private.",
            class_name="help",
        ),
        action="/admin/api/import",
        method="post",
        class_name="moving",
        custom_attrs={"encType": "multipart/form-data", "data-moving": ""},
    )


def _outcome() -> rx.Component:
    """What the script fills."""
    return rx.el.section(id="moved", class_name="moved", aria_live="polite")
