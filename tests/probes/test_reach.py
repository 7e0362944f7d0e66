"""No kind of check connects to what it may not, however it comes to the address."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.probes.http_exchange.test_http_failures import saying
from tests.probes.servers import http, serving
from tests.test_proxies import set_environment
from webmon import probes
from webmon.domain.checks.networks import Reach, parse_networks
from webmon.domain.checks.status import Status
from webmon.probes import PROBES
from webmon.probes.base import Outcome, Target
from webmon.probes.ssh_access import SshAccess, SshTarget
from webmon.probes.wire import addresses

OUTSIDE_ONLY = Reach(private=False)
METADATA = "169.254.169.254"


async def look(
    kind: str,
    address: str = "",
    reach: Reach = OUTSIDE_ONLY,
    ssh: SshTarget | None = None,
    **config: Any,
) -> Outcome:
    known = PROBES[kind]
    target = Target(address, ssh=ssh or SshTarget(None, None))
    read = known.config.model_validate(config)
    return await probes.run(known, read, target, timeout=1, reach=reach)


@pytest.fixture
def connections() -> Iterator[list[int]]:
    """A socket of this machine that takes connections and says a secret; how many there were."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.02)  # a connection of this machine is there at once
        yield [listening.getsockname()[1]]
        with pytest.raises(TimeoutError):
            listening.accept()


def of_every_kind(port: int, host: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """A service of each kind that looks at a port of ``host``."""
    shown = f"[{host}]" if ":" in host else host
    return {
        "http": ("", {"url": f"http://{shown}:{port}/"}),
        "tls": (host, {"port": port}),
        "tcp": (host, {"port": port, "send": "x", "expect": "y"}),
        "ping": (host, {}),
        "dns": ("", {"name": "example.org", "resolver": f"{shown}:{port}"}),
        "ssh": (host, {"port": port}),
        "postgres": ("", {"host": host, "port": port, "user": "me"}),
        "mysql": (host, {"port": port, "user": "me"}),
        "redis": (host, {"port": port}),
        "smtp": (host, {"port": port}),
        "host_metrics": (host, {}),
        "cron": (host, {}),
    }


KINDS = tuple(name for name, kind in PROBES.items() if not kind.receives)


def test_every_kind_is_tried_here() -> None:
    assert set(of_every_kind(1, "h")) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "::ffff:127.0.0.1"])
async def test_no_kind_connects_inside_where_it_may_not(
    kind: str, host: str, connections: list[int]
) -> None:
    address, config = of_every_kind(connections[0], host)[kind]
    access = SshAccess(user="me", port=connections[0], password="p")  # type: ignore[arg-type]
    outcome = await look(kind, address, ssh=SshTarget(access, None), **config)
    assert outcome.status is Status.UNKNOWN and outcome.unable
    assert "is a private address" in outcome.message


@pytest.mark.parametrize("kind", KINDS)
async def test_no_kind_connects_to_metadata_at_all(kind: str) -> None:
    address, config = of_every_kind(80, METADATA)[kind]
    access = SshAccess(user="me", port=80, password="p")  # type: ignore[arg-type]
    outcome = await look(kind, address, Reach(), ssh=SshTarget(access, None), **config)
    assert outcome.status is Status.UNKNOWN and outcome.unable
    assert "169.254.169.254 is never looked at" in outcome.message


async def test_what_was_allowed_is_looked_at() -> None:
    reach = Reach(private=False, networks=parse_networks(["127.0.0.0/8"]))
    async with serving(http(b"hello")) as server:
        outcome = await look("http", reach=reach, url=server.url())
    assert outcome.status is Status.UP


async def test_of_a_names_addresses_only_those_that_are_allowed_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(_host: str, port: int) -> list[addresses.Endpoint]:
        found = (METADATA, "127.0.0.1")
        return [addresses.Endpoint(socket.AF_INET, (each, port)) for each in found]

    monkeypatch.setattr("webmon.probes.wire.stream.resolve", resolve)
    async with serving(talk=saying(b"hello")) as server:
        outcome = await look("tcp", "two.example", Reach(), port=server.port)
    assert outcome.status is Status.UP
    assert outcome.evidence["address"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://[::ffff:a9fe:a9fe]/"])
async def test_a_redirect_leads_nowhere_that_may_not_be_looked_at(target: str) -> None:
    answer = http(status="302 Found", headers=f"Location: {target}")
    async with serving(answer) as server:
        outcome = await look("http", reach=Reach(), url=server.url(), follow_redirects=True)
    assert outcome.status is Status.DOWN
    assert "redirects to where it must not" in outcome.message


async def test_a_services_own_proxy_is_judged_like_a_site(connections: list[int]) -> None:
    proxy = f"http://127.0.0.1:{connections[0]}"
    outcome = await look("http", url="http://1.1.1.1/", proxy=proxy)
    assert outcome.status is Status.UNKNOWN and outcome.unable
    assert "127.0.0.1 is a private address" in outcome.message


async def test_the_environments_proxy_may_be_anywhere_but_is_not_asked_for_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {
        "metadata.example": [METADATA],
        "inside.example": ["10.0.0.7"],
        "mixed.example": ["1.1.1.1", METADATA],
        "outside.example": ["1.1.1.1"],
    }
    monkeypatch.setattr("webmon.probes.http_exchange.transport.look_up", naming(names))
    monkeypatch.setattr("webmon.probes.http_exchange.transport.LOOK_UP_SECONDS", 0.05)
    reach = replace(OUTSIDE_ONLY, networks=parse_networks(["127.0.0.0/8"]))
    for own in (False, True):
        async with serving(http(b"through")) as proxy:
            address = f"http://127.0.0.1:{proxy.port}"
            set_environment(monkeypatch, **({} if own else {"HTTP_PROXY": address}))
            ask = partial(ask_through, address if own else None)
            for host in (METADATA, "[::ffff:a9fe:a9fe]", "metadata.example", "mixed.example"):
                for each in (Reach(), reach):
                    outcome = await ask(host, each)
                    assert outcome.unable
                    assert "is never looked at" in outcome.message
            assert "is a private address" in (await ask("inside.example", reach)).message
            unknown = await ask("unknown.example", reach)
            assert unknown.unable
            assert "unknown.example cannot be judged here" in unknown.message
            assert proxy.requests == []
            slow = await ask("slow.example", reach)
            assert slow.status is Status.UNKNOWN and not slow.unable
            assert proxy.requests == []
            assert (await ask("outside.example", reach)).status is Status.UP
            for host in ("inside.example", "unknown.example", "slow.example"):
                assert (await ask(host, Reach())).status is Status.UP
                assert f"http://{host}/".encode() in proxy.requests[-1]


async def ask_through(proxy: str | None, host: str, reach: Reach) -> Outcome:
    return await look("http", reach=reach, url=f"http://{host}/", proxy=proxy)


def naming(names: dict[str, list[str]]) -> Any:
    """A look-up that knows these names, never ends for one, and knows no other."""

    async def resolve(host: str, port: int) -> list[addresses.Endpoint]:
        if host == "slow.example":
            await asyncio.Event().wait()
        if host not in names:
            raise addresses.Unreachable(f"no such host: {host}")
        return [addresses.Endpoint(socket.AF_INET, (each, port)) for each in names[host]]

    return resolve


async def test_a_connection_is_shared_only_by_those_who_may_use_it() -> None:
    """An allowed check of the host opens one; another that may not does not get it."""
    async with serving(talk=saying(b"SSH-2.0-test\r\n")) as server:
        allowed = asyncio.create_task(look("ssh", "127.0.0.1", Reach(), port=server.port))
        refused = await look("ssh", "127.0.0.1", port=server.port)
        assert (await allowed).status is Status.DOWN
    assert refused.status is Status.UNKNOWN


async def test_of_an_answer_at_most_eighty_characters_are_repeated() -> None:
    secret = "".join(f"{number:04d}" for number in range(500))
    said = f'{{"token": "{secret}"}}'.encode()
    async with serving(http(said)) as server:
        for config in (
            {"contains": "nothing of the kind"},
            {"json_path": "token", "json_equals": "x"},
            {"conditions": ["json $.token == x"]},
            {"accepted_statuses": "500"},
        ):
            outcome = await look("http", reach=Reach(), url=server.url(), **config)
            assert longest_shared(f"{outcome.message} {outcome.evidence}", said.decode()) <= 80
    async with serving(talk=saying(secret.encode())) as server:
        reach = Reach()
        for kind, more in (
            ("tcp", {"expect": "x"}),
            ("smtp", {}),
            ("redis", {}),
            ("ssh", {}),
            ("mysql", {"user": "me"}),
            ("postgres", {"user": "me"}),
        ):
            outcome = await look(kind, "127.0.0.1", reach, port=server.port, **more)
            assert longest_shared(f"{outcome.message} {outcome.evidence}", secret) <= 80


def longest_shared(told: str, said: str) -> int:
    """How many characters in a row of ``said`` are in ``told``; each piece of four is unique."""
    best = 0
    for start in range(0, len(said), 4):
        length = best + 1
        while start + length <= len(said) and said[start : start + length] in told:
            best, length = length, length + 1
    return best
