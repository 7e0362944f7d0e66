"""The place of the public board: the server fills it, `assets/board.js` keeps it fresh."""

from reflex_base.utils.imports import ImportVar

from webmon.ui.display.native import RawHTML


class Board(RawHTML):
    """An empty ``div`` for the server's HTML, which React leaves alone from then on."""

    def add_imports(self) -> dict[str, list[ImportVar]]:
        """The script, bundled with the page."""
        return {"$/public/board.js": [ImportVar(tag="useBoard")]}

    def add_hooks(self) -> list[str]:
        """Begin refreshing once React has taken over the page."""
        return ["useBoard()"]
