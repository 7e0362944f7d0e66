"""How long the database is waited for. On SQLite only locks are: see `webmon.db`."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

POOL_SECONDS = 10
"""How long to wait for a free connection of the pool."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait for what, in seconds."""

    connect: int = 5
    """For each address of the server; libpq takes 1 for 2."""
    statement: float = 10.0
    """The server ends a statement that takes longer,"""
    lock: float = 5.0
    """… one that waits for a lock,"""
    idle: float = 30.0
    """… and a transaction whose client has fallen silent while it holds locks."""
    answer: float = 12.0
    """For any answer of the server; longer than `statement`, whose error says more."""


PATIENT = Limits(statement=600.0, lock=60.0, idle=600.0, answer=610.0)
"""For commands that people start: a migration, a big file to apply."""

_chosen: ContextVar[Limits | None] = ContextVar("limits", default=None)
_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def patiently() -> Iterator[None]:
    """Within this, statements may take minutes."""
    token = _chosen.set(PATIENT)
    try:
        yield
    finally:
        _chosen.reset(token)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Within this, everything together must be answered in so many seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def chosen(usual: Limits) -> Limits:
    """The limits that hold here, where ``usual`` are those of the database."""
    return _chosen.get() or usual


def deadline() -> float:
    """When everything has to be answered, by `time.monotonic`."""
    return _deadline.get()
