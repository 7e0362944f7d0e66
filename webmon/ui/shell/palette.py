"""The palette: Ctrl+K, or the button "Search", finds what somebody types and goes there.

`assets/palette.js` draws it and asks `webmon.api.admin.finding`.
"""

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

# Going there by the router loads nothing but the page's own data.
HOOK = """
const goTo = useNavigate();
useEffect(() => { globalThis.goTo = goTo; }, [goTo]);
"""


class Palette(Fragment):
    """Nothing to see before it is asked for."""

    def add_imports(self) -> dict[str, list[ImportVar]]:
        """The script listens by itself."""
        return {"$/public/palette.js": [ImportVar(tag="palette")]}

    def add_hooks(self) -> list[str | Var]:
        """Gives the script the router."""
        imports = {
            "react": [ImportVar(tag="useEffect")],
            "react-router": [ImportVar(tag="useNavigate")],
        }
        return [Var(HOOK, _var_data=VarData(imports=imports))]


palette = Palette.create


def palette_button() -> rx.Component:
    """Opens the palette, for fingers and pointers."""
    return rx.el.button(
        rx.el.span("Search"),
        rx.el.kbd("Ctrl K", aria_hidden="true"),
        type="button",
        class_name="palette-button",
        custom_attrs={
            "data-palette": "",
            "aria-haspopup": "dialog",
            "aria-keyshortcuts": "Control+K",
        },
    )
