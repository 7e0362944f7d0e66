"""The web process: one uvicorn on one socket that we bind ourselves."""

import errno
import gc
import logging
import os
import socket
from functools import partial
from typing import Any

import uvicorn

from webmon import config, descriptors, frontend
from webmon.config import ROOT, Settings
from webmon.edge.crowd import Crowd
from webmon.edge.http_protocol import GuardedHttp
from webmon.errors import Invalid

log = logging.getLogger(__name__)

APPLICATION = "webmon.webmon:web"
STOP_SECONDS = 3
MOST_CONNECTIONS = 10_000
OTHER_DESCRIPTORS = 128


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Invalid: the address or port cannot be had.
    """
    most = descriptors.allow_many()
    listener = bind(settings, backlog=min(2048, most // 4))
    frontend.hold("public")
    config.prepare_reflex(settings, frontend.hold("admin"))
    os.chdir(ROOT)  # Reflex reads rxconfig.py from the current directory only
    served = configuration(APPLICATION, crowd=Crowd(room_for_connections(most)))
    load_quickly(served)
    uvicorn.Server(served).run(sockets=[listener])


def load_quickly(application: uvicorn.Config) -> None:
    """Import everything without looking for garbage: nothing of it is, and that saves a fifth."""
    gc.disable()
    application.load()
    gc.freeze()
    gc.enable()


def room_for_connections(descriptors: int) -> int:
    """How many connections there may be, of so many file descriptors.

    Some are for the database and files, and a quarter for what the system accepts at once, before
    anything of it can be closed.
    """
    return max(16, min(MOST_CONNECTIONS, descriptors - descriptors // 4 - OTHER_DESCRIPTORS))


def configuration(application: str, *, crowd: Crowd) -> uvicorn.Config:
    """How uvicorn runs ``application``, the import path of a factory.

    No access log: addresses may carry tokens. The edge itself believes proxies, and a client that
    does not take its leave is cut off after `STOP_SECONDS`.
    """
    protocol: Any = partial(GuardedHttp, crowd=crowd)
    return uvicorn.Config(
        application,
        factory=True,
        loop="uvloop",
        http=protocol,
        ws="webmon.edge.socket_protocol:GuardedSocket",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws_max_size=1_000_000,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def bind(settings: Settings, *, backlog: int = 2048) -> socket.socket:
    """A listening socket on the address and port of the settings.

    Raises:
        Invalid: they cannot be had; one line that says why, and what to do.
    """
    address, port = settings.bind, settings.port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server(
            (address, port), family=family, backlog=backlog, dualstack_ipv6=_is_for_both(address)
        )
    except OSError as error:
        raise Invalid(_why_not(error, address, port)) from None


def _is_for_both(address: str) -> bool:
    """Whether IPv4 is served too: as ``::`` is understood nearly everywhere."""
    if address != "::":
        return False
    if not socket.has_dualstack_ipv6():
        log.warning("WEBMON_BIND=:: serves IPv6 only: this system cannot do both on one port")
        return False
    return True


def _why_not(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {address} is taken: set WEBMON_PORT, or stop what listens there"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights: set WEBMON_PORT to 1024 or more"
    return f"cannot listen on {address}: set WEBMON_BIND to an address of this machine"
