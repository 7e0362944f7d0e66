"""The web process's socket, and how it is served."""

import gc
import socket

import pytest

from webmon import server
from webmon.config import read_settings
from webmon.edge.crowd import Crowd
from webmon.errors import Invalid


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Invalid) as caught:
            server.bind(read_settings(port=port))
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is taken: set WEBMON_PORT, or stop what listens there"
    )


@pytest.mark.parametrize("address", ["192.0.2.1", "no-such-host.invalid", "2001:db8::1"])
def test_an_address_of_another_machine_is_said_in_one_line(address: str) -> None:
    with pytest.raises(Invalid, match=f"cannot listen on {address}: set WEBMON_BIND"):
        server.bind(read_settings(bind=address))


def test_a_free_port_can_be_had_again_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for _ in range(2):
        server.bind(read_settings(port=port)).close()


def test_addresses_are_not_logged_and_proxies_left_to_the_edge() -> None:
    configuration = server.configuration("webmon.webmon:web", crowd=Crowd(100))
    assert not configuration.access_log
    assert not configuration.proxy_headers
    assert configuration.timeout_graceful_shutdown is not None
    assert configuration.timeout_graceful_shutdown < 5


def test_the_collector_works_again_once_everything_is_loaded() -> None:
    served = server.configuration("tests.test_server:application", crowd=Crowd(100))
    server.load_quickly(served)
    assert gc.isenabled()
    assert served.loaded
    gc.unfreeze()


def application() -> object:
    """A factory, as uvicorn expects one."""
    return lambda scope, receive, send: None
