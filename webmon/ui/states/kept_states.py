"""What the server keeps for the tabs of the admin app, whose it is, and when it is dropped.

Reflex keeps the state of a tab under the token that the edge has made of the tab, the session and
the person's rights (`webmon.domain.accounts.sessions.tab_key`). Here it is noted whose each of them
is, and what nobody may or will come back to is dropped: when the session ends or the person's
rights change, when the tab has been closed for long, and when somebody leaves too many behind.
"""

import asyncio
import logging
import time
from collections import Counter
from typing import NamedTuple

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from reflex_base.registry import RegistrationContext

from webmon import db
from webmon.clock import utcnow
from webmon.domain.accounts.access import Actor
from webmon.queries.accounts import live_actors

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
KEPT_SECONDS = 15 * 60.0
"""How long a tab that lost its connection finds again what it showed."""
MOST_LEFT = 10
"""Of the tabs that a session has left, so many of the latest are kept."""


class Owner(NamedTuple):
    """Whose a state is: a session, by the hash of its token, and the person with their rights."""

    session: str
    actor: Actor


class _Kept(NamedTuple):
    owner: Owner
    used_at: float


_kept: dict[str, _Kept] = {}


def claim(key: str, owner: Owner) -> bool:
    """Whether the state under ``key`` is ``owner``'s. One that is nobody's becomes theirs."""
    known = _kept.get(key)
    if known is not None and known.owner != owner:
        return False
    _kept[key] = _Kept(owner, time.monotonic())
    return True


async def keep_dropping(app: rx.App) -> None:
    """Drop again and again what is kept for nobody, as long as the process runs."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await drop_stale(app)
        except db.DatabaseError as error:
            log.warning("whose sessions live could not be asked: %s", db.reason(error))
        except Exception:
            log.exception("what was kept for tabs could not be dropped")


async def drop_stale(app: rx.App) -> None:
    """Drop what is kept for ended sessions and changed rights, for nobody, or has been left."""
    for key in _left(app):
        await _drop(app, key)
    sessions = {kept.owner.session for kept in _kept.values()}
    live = await asyncio.to_thread(_live, sessions) if sessions else {}
    for key, kept in list(_kept.items()):
        if live.get(kept.owner.session) != kept.owner.actor:
            await _drop(app, key)


def _live(sessions: set[str]) -> dict[str, Actor]:
    with db.read() as session:
        return live_actors(session, sessions, now=utcnow())


def _left(app: rx.App) -> list[str]:
    """The keys without a socket that are nobody's, were left long ago, or are too many."""
    connected = app.event_namespace.token_to_sid if app.event_namespace else {}
    manager = app.state_manager
    present = set(manager.states) if isinstance(manager, StateManagerMemory) else set()
    left = present - _kept.keys() - connected.keys()
    seen: Counter[str] = Counter()
    long_ago = time.monotonic() - KEPT_SECONDS
    for key, kept in sorted(_kept.items(), key=lambda item: item[1].used_at, reverse=True):
        if key in connected:
            continue
        seen[kept.owner.session] += 1
        if kept.used_at < long_ago or seen[kept.owner.session] > MOST_LEFT:
            left.add(key)
    return list(left)


async def _drop(app: rx.App, key: str) -> None:
    """Forget a state, unless a handler is using it: then the next look will."""
    manager = app.state_manager
    if isinstance(manager, StateManagerMemory):
        lock = manager._states_locks.get(key)
        if lock is not None and lock.locked():
            return
        manager._purge_token(BaseStateToken(ident=key, cls=State))
    elif isinstance(manager, StateManagerRedis):
        token = BaseStateToken(ident=key, cls=State)
        states = RegistrationContext.get().base_states.values()
        await manager.redis.delete(*(token._state_key(state) for state in states))
    _kept.pop(key, None)
