"""Who may see and call what in the admin app: nobody, except where it says so.

The edge lets only signed-in people in. Behind it, four things hold for every socket that is open:

1. Before every event the middleware asks the database who is there, and lets the event through only
   if its handler is marked with `only` for the person's role. What is not marked, nobody may call.
2. A state belongs to the session, the person and their rights for which it was made. Another
   person in the same tab gets a fresh one (the edge sees to that), and so does the same person
   with other rights: the page is loaded again.
3. A private state sends nothing to a socket whose session has ended.
4. A handler reaches the database through `ask` and `act` alone. They look the person up again, in
   the same transaction as the query or command, which judges for itself whether that person may.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

import reflex as rx
from reflex.istate.proxy import StateProxy
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from webmon import db
from webmon.clock import utcnow
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import token_hash, token_in
from webmon.errors import ConfirmationNeeded, PermissionDenied, WebmonError
from webmon.origin import Way, coming
from webmon.queries.accounts import actor_for_token
from webmon.queries.kept import forget_lately
from webmon.ui.states.kept_states import Owner, claim

FRESH_SECONDS = 2.0
SIGNED_OUT = "your session has ended; sign in again"

# The router keeps the browser within /admin: leaving it takes a real navigation.
go_to_login = rx.call_script(
    "window.location.assign('/login/?next='"
    " + encodeURIComponent(window.location.pathname + window.location.search))"
)
ask_again = rx.call_script("document.getElementById('again').showModal()")
"""See `webmon.ui.shell.confirm_again`, which stands on every page."""
load_again = rx.call_script("window.location.reload()")


def only(role: Role) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:
    """Mark a handler as open to who has ``role`` or more; what it refuses becomes a toast."""

    def mark(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(handler)
        async def guarded(self: "PrivateState", *args: Any, **kwargs: Any) -> Any:
            try:
                return await handler(self, *args, **kwargs)
            except ConfirmationNeeded:
                return ask_again
            except WebmonError as error:
                return rx.toast.error(sentence(str(error)), duration=10_000)
            finally:
                _note_answer(self, handler.__name__)

        guarded.open_to = role  # type: ignore[attr-defined]
        return guarded

    return mark


def sentence(text: str) -> str:
    """``text`` with a capital at its start and a full stop at its end."""
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


async def ask(state: BaseState, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The answer of ``query(session, *args, actor=…, **kwargs)``, worked out in a thread.

    Raises:
        PermissionDenied: nobody is signed in (any more); or what the query raises.
    """
    return await asyncio.to_thread(_run, db.read, _visitor(state), query, *args, **kwargs)


async def act(state: BaseState, command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do ``command(session, *args, actor=…, now=…, **kwargs)`` in one transaction, in a thread.

    Raises:
        PermissionDenied: nobody is signed in (any more); or what the command raises.
    """
    timed = functools.partial(command, now=utcnow())
    try:
        return await asyncio.to_thread(_run, db.write, _visitor(state), timed, *args, **kwargs)
    finally:
        forget_lately()


def _run(
    transaction: Callable[[], Any],
    visitor: "_Visitor",
    work: Callable[..., Any],
    *args: Any,
    **kw: Any,
) -> Any:
    with coming(Way.APP, address=visitor.address), transaction() as session:
        actor = actor_for_token(session, visitor.token, now=utcnow())
        if actor is None:
            raise PermissionDenied(SIGNED_OUT)
        return work(session, *args, actor=actor, **kw)


class AuthMiddleware(Middleware):
    """Stops every event that its sender may not send."""

    async def preprocess(
        self,
        app: rx.App,  # noqa: ARG002 -- Reflex's signature
        state: BaseState,
        event: Event,
    ) -> StateUpdate | None:
        """None to let the event through, else what the browser is told instead."""
        token = _token(state)
        actor = await asyncio.to_thread(_who, token)
        _verdict.set(_Verdict(token, actor is not None, time.monotonic()))
        if token is None or actor is None:
            return _instead(go_to_login)
        if not claim(EventContext.get().token, Owner(token_hash(token), actor)):
            return _instead(load_again)
        if not _may_call(actor, event.name):
            return _instead(rx.toast.error("You may not do this."))
        return None


def _may_call(actor: Actor, event_name: str) -> bool:
    """Decided by the state's class first: every state inherits handlers that nobody wrote."""
    known = RegistrationContext.get().event_handlers.get(event_name)
    if known is None or not known.states:
        return False
    if is_framework(known.states[0]):
        return True
    role = getattr(known.handler.fn, "open_to", None)
    return issubclass(known.states[0], PrivateState) and role is not None and actor.has(role)


def is_framework(state: type[BaseState]) -> bool:
    """Whether the state is part of Reflex itself: navigation, hydration, error reports."""
    return state.__module__.split(".")[0] in ("reflex", "reflex_base")


def _instead(event: Any) -> StateUpdate:
    return StateUpdate(events=Event.from_event_type([event]))


def _who(token: str | None) -> Actor | None:
    with db.read() as session:
        return actor_for_token(session, token, now=utcnow())


def _token(state: BaseState) -> str | None:
    """The session cookie that came with the socket's handshake; the only sign of who is there."""
    return token_in(state._get_root_state().router.headers.cookie)


def session_hash(state: BaseState) -> str:
    """The hash of the token of the session that a state belongs to; never shown."""
    return token_hash(_token(state) or "")


class _Visitor(NamedTuple):
    """The socket that an event came through."""

    token: str | None
    address: str


def _visitor(state: BaseState) -> _Visitor:
    address = state._get_root_state().router.session.client_ip
    return _Visitor(_token(state), address if isinstance(address, str) else "")


class _Verdict(NamedTuple):
    """What the middleware found for the event under way."""

    token: str | None
    signed_in: bool
    at: float


_verdict: ContextVar[_Verdict | None] = ContextVar("verdict", default=None)


def _is_signed_in(state: BaseState) -> bool:
    """Whether the socket's session lives.

    The middleware has just asked, in a thread. Only what takes longer, or comes about without an
    event, asks again here: one look into an index.
    """
    token = _token(state)
    verdict = _verdict.get()
    if verdict is None or verdict.token != token or time.monotonic() - verdict.at > FRESH_SECONDS:
        verdict = _Verdict(token, _who(token) is not None, time.monotonic())
        _verdict.set(verdict)
    return verdict.signed_in


class PrivateState(rx.State):
    """Base of every state of the admin app."""

    answer: str = ""
    """``3 save``: the third answer in this tab, by the handler ``save``. `webmon.ui.shell.busy`
    releases a button by it."""


def _note_answer(state: PrivateState, handler: str) -> None:
    """Tell the browser that ``handler`` has done its work. Nothing waits for a tick, or for what
    goes on in the background."""
    if handler == "tick" or isinstance(state, StateProxy):
        return
    count = int(state.answer.partition(" ")[0] or 0) + 1
    state.answer = f"{count} {handler}"


def _dict(self: BaseState, *args: Any, **kwargs: Any) -> dict[str, Any]:
    if kwargs.get("initial") or _is_signed_in(self):
        return BaseState.dict(self, *args, **kwargs)
    return {}


def _get_delta(self: BaseState) -> Any:
    return BaseState.get_delta(self) if _is_signed_in(self) else {}


# Given to the class after its body, where Reflex would make event handlers of them.
PrivateState.dict = _dict  # type: ignore[method-assign]
PrivateState.get_delta = _get_delta  # type: ignore[method-assign]


def as_dict(form: Any) -> dict[str, Any]:
    """What a form sent; an empty one where something else was sent in its name."""
    return form if isinstance(form, dict) else {}


def one_line(text: Any, limit: int) -> str:
    """What was typed into a field, of which no more than this can be of use."""
    shown = text[:limit] if isinstance(text, str) else ""
    return "".join(character for character in shown if character.isprintable())


def show(state: BaseState, **values: Any) -> None:
    """Assign those of ``values`` that are new: what is assigned is sent to the browser."""
    for name, value in values.items():
        if getattr(state, name) != value:
            setattr(state, name, value)
