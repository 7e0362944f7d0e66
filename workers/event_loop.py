"""The event loop of a worker: uvloop, with a thread for each look-up of a name."""

import socket
from functools import partial
from typing import Any

import uvloop

from webmon.threads import in_thread


class EventLoop(uvloop.Loop):
    """uvloop looks names up in four threads that the whole process shares.

    Four names whose servers are silent would hold up every message to another host. Here each
    look-up has a thread of its own: senders and checks are limited already, and so are these.
    """

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """As `socket.getaddrinfo`."""
        look_up = partial(socket.getaddrinfo, host, port, family, type, proto, flags)
        return await in_thread(look_up, name="look-up")
