"""What we rely on inside Reflex beyond its documented interface.

`webmon.ui.states.private` replaces two methods of its states and stands before every handler;
`webmon.ui.states.kept_states` reaches into its stores of states. A release of Reflex may change
any of it without a word, and then nobody would notice that something is sent to the wrong person.
So the code that matters is known here by its hash. Where one differs: read what changed, try the
tests of `tests/pages/test_tabs_of_others.py` and `test_admin.py`, and write down the new hash.
"""

import inspect
from hashlib import sha256
from typing import Any

import pytest
from reflex.app import EventNamespace
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, State
from reflex.utils.token_manager import LocalTokenManager, RedisTokenManager
from reflex_base.event.processor import BaseStateEventProcessor

from webmon.ui.states.private import AuthMiddleware, PrivateState

KNOWN: dict[Any, str] = {
    BaseState.dict: "148a498db766",
    BaseState.get_delta: "0e4259b92f29",
    BaseState._get_resolved_delta: "22186929e595",
    BaseState._get_root_state: "657f6cc20fc1",
    State.hydrate.fn: "eeacf4d73011",
    State.hydrate_and_load.fn: "b40017df47df",
    BaseStateEventProcessor._execute_event: "471f7cb4e3ee",
    BaseStateEventProcessor._rehydrate: "f636a7110da7",
    Middleware.preprocess: "c939300569ec",
    EventNamespace.on_connect: "8468f00a4d9e",
    EventNamespace.on_event: "24c7d0c86b02",
    EventNamespace.link_token_to_sid: "47df55344c11",
    LocalTokenManager.link_token_to_sid: "e847f3836bfc",
    RedisTokenManager.link_token_to_sid: "bfeebab3ab35",
    StateManagerMemory._get_or_create_state: "673dcbba2d4c",
    StateManagerMemory._get_state_lock: "3771dbbf07a9",
    StateManagerMemory._purge_token: "abfd05ca1b2b",
    StateManagerRedis.get_state: "1180a0b6481e",
    BaseStateToken._state_key: "f1dd7184105a",
}


@pytest.mark.parametrize("function", KNOWN, ids=lambda function: function.__qualname__)
def test_reflex_is_the_one_that_was_read(function: Any) -> None:
    assert digest(function) == KNOWN[function]


def digest(function: Any) -> str:
    return sha256(inspect.getsource(function).encode()).hexdigest()[:12]


def test_the_methods_of_private_states_are_ours_and_no_handlers() -> None:
    for name in ("dict", "get_delta"):
        assert getattr(PrivateState, name).__module__ == "webmon.ui.states.private"
        assert name not in PrivateState.event_handlers
        assert name not in State.event_handlers


def test_the_middleware_fits_its_place() -> None:
    ours, theirs = (inspect.signature(each.preprocess) for each in (AuthMiddleware, Middleware))
    assert list(ours.parameters) == list(theirs.parameters)
