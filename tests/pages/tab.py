"""One browser tab without a browser: Reflex's real event processor and our middleware."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from reflex.state import BaseState
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor

from pages.admin.hosts import asked_checks
from webmon.domain.accounts.sessions import COOKIE
from webmon.webmon import app


class Tab:
    """Sends events as a socket would, and keeps what came back.

    ``shown`` holds the latest value of each var of any state, ``events`` what the browser was told
    to do (toasts, navigation) as text.
    """

    def __init__(self, processor: BaseStateEventProcessor, cookie: str | None) -> None:
        self.processor = processor
        self.cookie = cookie
        self.address = ""
        """The path and query that the browser shows."""
        self.token = uuid4().hex
        self.shown: dict[str, Any] = {}
        self.events: list[str] = []

    async def emit_update(self, update: Any, token: str) -> None:
        """Called by Reflex for what does not belong to an event of ours."""
        assert token == self.token
        self._take(update.delta or {})
        self.events += [str(event) for event in update.events]

    async def send(self, state: type[BaseState], handler: str, **payload: Any) -> None:
        """Call a handler, as a script on the page could, and wait until all is done."""
        headers = {"cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        event = Event(
            name=f"{state.get_full_name()}.{handler}",
            payload=payload,
            router_data={
                "pathname": "/",
                "asPath": self.address,
                "headers": headers,
                "token": self.token,
                "sid": "sid",
                "ip": "127.0.0.1",
            },
        )
        self.events.clear()
        own = state.get_full_name()
        deltas = [delta async for delta in self.processor.enqueue_stream_delta(self.token, event)]
        for delta in deltas:
            self._take(delta)
        for delta in deltas:  # other rooms have values of the same names
            self._take({own: delta.get(own, {})})

    def told(self, text: str) -> bool:
        """Whether the last event made the browser say ``text``, or do it."""
        return any(text in event for event in self.events)

    def _take(self, delta: Mapping[str, Mapping[str, Any]]) -> None:
        for values in delta.values():
            self.shown |= {name.removesuffix("_rx_state_"): each for name, each in values.items()}


@asynccontextmanager
async def open_tab(cookie: str | None) -> AsyncIterator[Tab]:
    """A tab whose socket was opened with this session cookie (None: without one)."""
    processor = BaseStateEventProcessor(
        middleware=app, backend_exception_handler=app.backend_exception_handler
    )
    tab = Tab(processor, cookie)
    with patch.object(asked_checks, "FOLLOW_SECONDS", (0.0,)):  # no worker checks anything here
        async with processor.configure(event_namespace=tab):
            yield tab
