"""What notifiers are given besides their config and the message."""

import ssl
from collections.abc import Iterator

import pytest
import trustme

from webmon.notifiers import transport
from webmon.notifiers.base import Surroundings


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings("https://status.example.org", admins=("admin@example.org",))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> Iterator[ssl.SSLContext]:
    """A server's context, by an authority that the notifiers trust meanwhile."""
    transport.made_context.cache_clear()
    authority.configure_trust(transport.tls_context())
    yield context_of(authority)
    transport.made_context.cache_clear()


@pytest.fixture
def strange_context() -> ssl.SSLContext:
    """A server's context by an authority that nobody knows."""
    return context_of(trustme.CA())


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    """For localhost, and for a name that nobody but a proxy may know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "hooks.example.test").configure_cert(context)
    return context
