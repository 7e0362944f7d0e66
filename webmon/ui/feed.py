"""The live snapshot of the public site as ordinary Reflex variables; see `assets/feed.js`."""

from dataclasses import dataclass

from reflex.vars import Var, VarData
from reflex_base.utils.imports import ImportVar

from webmon.queries.public.status_board import BoardView


@dataclass(frozen=True, slots=True)
class LiveBoardView(BoardView):
    """The page, and what to say about the connection to the server (mostly nothing)."""

    notice: str


def _hook(function: str, name: str) -> VarData:
    return VarData(
        imports={"$/public/feed.js": [ImportVar(tag=function)]},
        hooks={f"const {name} = {function}()": None},
    )


BOARD = Var("board", _var_type=LiveBoardView, _var_data=_hook("useBoard", "board")).guess_type()
READY = Var("(board !== null)", _var_type=bool, _var_data=_hook("useBoard", "board")).guess_type()
UPDATED = Var("updated", _var_type=str, _var_data=_hook("useUpdated", "updated")).guess_type()
