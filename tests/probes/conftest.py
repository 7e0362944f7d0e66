"""Certificates for the tests, by an authority that the probes trust and one they do not."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator

import pytest
import trustme
import uvloop

from webmon.probes.wire.tls_contexts import Trust, context_for

TRUSTED = (
    Trust(),
    Trust(checks_name=False),
    Trust(offers=("http/1.1",)),
    Trust(offers=("http/1.1",), checks_name=False),
    Trust(offers=("h2", "http/1.1")),
    Trust(offers=("h2", "http/1.1"), checks_name=False),
)
"""What the probes ask of servers."""

ServerContext = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def trusted_authority(authority: trustme.CA) -> Iterator[trustme.CA]:
    """The authority, trusted by the probes until all tests are done: making contexts is slow."""
    context_for.cache_clear()
    for trust in TRUSTED:
        authority.configure_trust(context_for(trust))
    yield authority
    context_for.cache_clear()


@pytest.fixture
def server_context(trusted_authority: trustme.CA) -> ServerContext:
    """Makes a server's TLS context for the given names, by an authority that is trusted."""

    def make(*names: str, by: trustme.CA = trusted_authority, **validity: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        by.issue_cert(*names, **validity).configure_cert(context)  # type: ignore[arg-type]
        return context

    return make


@pytest.fixture(autouse=True)
def quiet_event_loop(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is left behind for the event loop to complain about: no exception, no task."""
    yield
    complaints = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert complaints == []


def pytest_asyncio_loop_factories(
    config: pytest.Config,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Asynchronous tests here run on Python's own event loop, and on the worker's."""
    if config.getoption("quick"):
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
