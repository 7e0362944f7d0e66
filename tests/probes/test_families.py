"""Over which address family a check is made."""

import socket
from typing import Any

import pytest
from pydantic import ValidationError

from tests.probes.http_exchange.test_http_failures import unused_port
from tests.probes.servers import html, http, serving
from tests.probes.test_reach import KINDS, look, of_every_kind
from tests.probes.test_registry import smallest
from tests.test_proxies import set_environment
from webmon.domain.checks.networks import Reach
from webmon.domain.checks.status import Status
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess, SshTarget

ADDRESSES = {"two.example.": ("::1", "127.0.0.1"), "old.example.": ("127.0.0.1",)}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *others: Any, **more: Any) -> list[Any]:
        found = ADDRESSES.get(host)
        if found is None:
            return list(real(host, port, *others, **more))
        return [row for each in found for row in real(each, port, *others, **more)]

    monkeypatch.setattr("webmon.probes.wire.addresses.socket.getaddrinfo", getaddrinfo)


async def look_at(host: str, family: Any, *, server_on: str = "127.0.0.1") -> Any:
    async with serving(html(), host=server_on) as server:
        url = f"http://{host}:{server.port}/"
        return await look("http", reach=Reach(), url=url, address_family=family)


@pytest.mark.parametrize(
    ("family", "server_on", "status"),
    [
        ("auto", "127.0.0.1", Status.UP),
        (4, "127.0.0.1", Status.UP),
        ("6", "127.0.0.1", Status.DOWN),
        (6, "::1", Status.UP),
        ("4", "::1", Status.DOWN),
    ],
)
async def test_one_family_is_looked_at_where_one_was_chosen(
    family: Any, server_on: str, status: Status
) -> None:
    outcome = await look_at("two.example", family, server_on=server_on)
    assert outcome.status is status
    if status is Status.DOWN:
        assert outcome.message.startswith("connection refused by ")
        assert " and " not in outcome.message


async def test_a_name_without_an_address_of_the_family() -> None:
    outcome = await look_at("old.example", "6")
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        "old.example has no IPv6 address",
    )
    outcome = await look_at("127.0.0.1", "6")
    assert outcome.message == "127.0.0.1 has no IPv6 address"


@pytest.mark.parametrize(("server_on", "broken"), [("127.0.0.1", "IPv6"), ("::1", "IPv4")])
async def test_one_broken_family_is_difficulties(server_on: str, broken: str) -> None:
    outcome = await look_at("two.example", "both", server_on=server_on)
    works = {"IPv4", "IPv6"} - {broken}
    assert outcome.status is Status.DEGRADED
    assert outcome.message.startswith(f"{broken} is broken: connection refused by ")
    assert f"; {works.pop()}: 200 OK in " in outcome.message
    assert outcome.evidence["families"][broken].startswith("down: connection refused")
    assert outcome.evidence["status_code"] == 200
    assert outcome.response_us


async def test_both_families_work() -> None:
    async with serving(html(), host="127.0.0.1") as server:
        again = socket.create_server(("::1", server.port), family=socket.AF_INET6)
        with again:
            outcome = await look(
                "tcp", "two.example", Reach(), port=server.port, address_family="both"
            )
    assert outcome.status is Status.UP
    assert f"IPv4: 127.0.0.1:{server.port} accepts connections" in outcome.message
    assert f"IPv6: [::1]:{server.port} accepts connections" in outcome.message


async def test_neither_family_works() -> None:
    port = unused_port()
    outcome = await look("tcp", "two.example", Reach(), port=port, address_family="both")
    assert outcome.status is Status.DOWN
    assert "IPv4: connection refused" in outcome.message
    assert "IPv6: connection refused" in outcome.message


async def test_what_may_not_be_looked_at_says_nothing() -> None:
    outcome = await look("tcp", "two.example", port=9, address_family="both")
    assert outcome.status is Status.UNKNOWN and outcome.unable


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_that_connects_can_be_told(kind: str) -> None:
    port = unused_port()
    address, config = of_every_kind(port, "old.example")[kind]
    access = SshAccess(user="me", port=port, password="p")  # type: ignore[arg-type]
    outcome = await look(
        kind, address, Reach(), SshTarget(access, None), address_family="6", **config
    )
    assert outcome.status is Status.DOWN
    assert "old.example has no IPv6 address" in outcome.message
    with pytest.raises(ValidationError):
        PROBES[kind].config.model_validate({**smallest(kind), "address_family": "5"})


async def test_a_family_opens_no_way_around_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for through a proxy is judged by all of its addresses."""
    async with serving(http(b"through")) as proxy:
        set_environment(monkeypatch, HTTP_PROXY=f"http://127.0.0.1:{proxy.port}")
        outcome = await look("http", url="http://old.example/", address_family="6")
    assert outcome.status is Status.UNKNOWN
    assert not proxy.requests
