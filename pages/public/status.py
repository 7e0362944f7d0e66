"""The public status page: a frame around the board of `webmon/api/public/board_html.py`."""

import reflex as rx

from webmon.ui.public.board import Board
from webmon.ui.public.theme import page


def status() -> rx.Component:
    """The page at `/status/`."""
    return page(Board.create(id="board", class_name="board"))
