"""The public status page: the frame around the board that `webmon/api/board_html.py` writes."""

import reflex as rx

from webmon.ui.board import Board
from webmon.ui.theme import page


def status() -> rx.Component:
    """The page at `/status/`."""
    return page(Board.create(id="board", class_name="board"))
