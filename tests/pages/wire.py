"""The admin app's socket as a script would use it: socket.io by hand, with any cookie and token."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reflex.state import State
from websockets.sync.client import ClientConnection, connect

from webmon.domain.accounts.sessions import COOKIE

HYDRATE = f"{State.get_full_name()}.hydrate_and_load"
NAMESPACE = "/admin/_event"


class Wire:
    """One open socket. ``heard`` is all that came, as text."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.heard = ""

    def send(self, name: str, **payload: Any) -> None:
        """Send an event."""
        event = {"name": name, "payload": payload, "router_data": {"pathname": "/"}}
        self._connection.send(f"42{NAMESPACE},{json.dumps(['event', event])}")

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Listen until ``text`` has come.

        Raises:
            TimeoutError: it did not.
        """
        while text not in self.heard:
            packet = str(self._connection.recv(timeout=seconds))
            if packet == "2":
                self._connection.send("3")
            self.heard += packet


@contextmanager
def open_wire(base: str, cookie: str, token: str, **options: Any) -> Iterator[Wire]:
    """A socket of the tab ``token`` that has hydrated; ``base`` is ``http://host:port``."""
    address = f"{base.replace('http', 'ws', 1)}/admin/_event/?EIO=4&transport=websocket"
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    options |= {"additional_headers": headers, "max_size": None}
    with connect(f"{address}&token={token}", **options) as socket:
        wire = Wire(socket)
        socket.recv(timeout=20)
        event = {"name": HYDRATE, "payload": {}, "router_data": {"pathname": "/"}}
        socket.send(f"40{NAMESPACE},{json.dumps({'event': event})}")
        wire.wait_for('"is_hydrated_rx_state_":true')
        yield wire
