"""The public app as if it had just started, without the time in which FastAPI reads its routes."""

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from fastapi import FastAPI

from webmon import frontend
from webmon.api.app import public_app
from webmon.api.public.kept import Kept
from webmon.api.public.kept_snapshots import Snapshots
from webmon.domain.rates import Rate

KEEPERS = (Snapshots, Kept, Rate)
"""What remembers something from one request to the next."""

_made: WeakKeyDictionary[Any, tuple[Callable[..., None], tuple[Any, ...]]] = WeakKeyDictionary()


def fresh_app() -> FastAPI:
    """The public app, without the files of a build; it knows of no request before."""
    for keeper, (begin, arguments) in list(_made.items()):
        begin(keeper, *arguments)
    return _whole_app()


@cache
def app_of(*routes: ModuleType) -> FastAPI:
    """An app with the ``router`` of these modules, none of which remembers anything."""
    app = FastAPI()
    for each in routes:
        app.include_router(each.router)
    return app


@cache
def _whole_app() -> FastAPI:
    for kind in KEEPERS:
        _remember(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontend, "static_dir", lambda _: Path("/nothing/built"))
        return public_app()


def _remember(kind: type) -> None:
    """Note each object of ``kind`` that is made from now on, to begin it again."""
    begin = kind.__init__

    @wraps(begin)
    def noted(self: object, *arguments: Any) -> None:
        begin(self, *arguments)
        _made[self] = begin, arguments

    kind.__init__ = noted
