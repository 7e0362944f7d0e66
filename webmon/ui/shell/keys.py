"""The keyboard of the admin app: `assets/keys.js`, bundled with every page."""

from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment


class Keys(Fragment):
    """Nothing to see."""

    def add_imports(self) -> dict[str, list[ImportVar]]:
        """The script listens by itself."""
        return {"$/public/keys.js": [ImportVar(tag="keys")]}


keys = Keys.create
