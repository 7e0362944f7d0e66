"""Channels whose config says where to send connect only to where their namespace may."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from tests import news as given
from tests.notifiers.stand_in import Reply, StandIn
from tests.notifiers.test_apprise import JsonServer
from tests.notifiers.webhook_server import WebhookServer
from tests.test_proxies import set_environment
from webmon import notifiers
from webmon.domain.checks.networks import Reach, parse_networks
from webmon.guard import guarded
from webmon.notifiers import NOTIFIERS
from webmon.notifiers.base import NotifierError, Receipt, Surroundings
from webmon.threads import in_thread

OUTSIDE_ONLY = Reach(private=False)


async def send(kind: str, config: dict[str, Any], reach: Reach) -> Receipt | NotifierError:
    known = NOTIFIERS[kind]
    read = known.config.model_validate(config)
    around = Surroundings("http://localhost:8000")
    return await notifiers.run(known, read, given.message(), around, reach)


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine to which nobody connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening.getsockname()[1]
        with pytest.raises(TimeoutError):
            listening.accept()


ADDRESSED = {
    "slack": lambda place: {"webhook_url": f"http://{place}/x"},
    "webhook": lambda place: {"url": f"http://{place}/x"},
    "apprise": lambda place: {"url": f"json://{place}/x"},
}


def test_every_kind_that_is_sent_to_an_address_of_its_config_is_tried_here() -> None:
    assert set(ADDRESSED) == {name for name, kind in NOTIFIERS.items() if kind.is_addressed}


@pytest.mark.parametrize("kind", ADDRESSED)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_nothing_is_sent_inside_where_it_may_not(
    kind: str, host: str, port: int, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """The worker's loop connects without Python's sockets."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        answer = runner.run(send(kind, ADDRESSED[kind](f"{host}:{port}"), OUTSIDE_ONLY))
    assert isinstance(answer, NotifierError)
    assert answer.permanent
    assert "is a private address" in str(answer)


@pytest.mark.parametrize("kind", ADDRESSED)
async def test_nothing_is_sent_to_metadata_at_all(kind: str) -> None:
    answer = await send(kind, ADDRESSED[kind]("169.254.169.254"), Reach())
    assert isinstance(answer, NotifierError)
    assert str(answer).startswith("not sent: 169.254.169.254 is never looked at")


async def test_a_library_with_a_protocol_of_its_own_is_held_to_it_too(port: int) -> None:
    mail = {"url": f"mailto://me:secret@127.0.0.1:{port}?to=a@example.org&from=b@example.org"}
    answer = await send("apprise", mail, OUTSIDE_ONLY)
    assert isinstance(answer, NotifierError)
    assert "is a private address" in str(answer)


async def test_what_was_allowed_is_sent_to() -> None:
    reach = Reach(private=False, networks=parse_networks(["127.0.0.0/8", "::1"]))
    with WebhookServer() as server:
        local = server.hook_url.replace("127.0.0.1", "localhost")
        assert await send("webhook", {"url": local}, reach) == Receipt()
    with JsonServer() as server:
        assert await send("apprise", {"url": server.address}, reach) == Receipt()


@pytest.mark.parametrize("kind", ADDRESSED)
async def test_the_environments_proxy_is_always_used_but_not_asked_for_everything(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "metadata.example": ["1.1.1.1", "169.254.169.254"],
        "inside.example": ["10.0.0.7"],
        "outside.example": ["1.1.1.1"],
        "127.0.0.1": ["127.0.0.1"],
    }
    monkeypatch.setattr("webmon.guard._addresses", naming(names))
    monkeypatch.setattr("webmon.guard.LOOK_UP_SECONDS", 0.05)
    with StandInProxy() as proxy:
        set_environment(monkeypatch, HTTP_PROXY=proxy.url)

        async def refused(host: str, reach: Reach) -> NotifierError:
            answer = await send(kind, ADDRESSED[kind](host), reach)
            assert isinstance(answer, NotifierError)
            assert not proxy.contents
            return answer

        for host in ("169.254.169.254", "metadata.example"):
            for reach in (Reach(), OUTSIDE_ONLY):
                assert "is never looked at" in str(answer := await refused(host, reach))
                assert answer.permanent
        for host in ("10.0.0.7", "inside.example"):
            assert "10.0.0.7 is a private address" in str(await refused(host, OUTSIDE_ONLY))
        for host in ("unknown.example", "slow.example"):
            answer = await refused(host, OUTSIDE_ONLY)
            assert str(answer).startswith(f"not sent: {host} cannot be looked up here")
            assert not answer.permanent
        for host in ("unknown.example", "slow.example", "inside.example", "10.0.0.7"):
            assert await send(kind, ADDRESSED[kind](host), Reach()) == Receipt()
        assert await send(kind, ADDRESSED[kind]("outside.example"), OUTSIDE_ONLY) == Receipt()
    assert len(proxy.contents) == 5


def naming(names: dict[str, list[str]]) -> Callable[[str, int], list[str]]:
    """A look-up that knows these names, takes long for one, and knows no other."""

    def addresses(host: str, _port: int) -> list[str]:
        if host == "slow.example":
            time.sleep(0.2)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return names[host]

    return addresses


async def test_a_name_is_judged_before_a_socket_has_it() -> None:
    """Python looks a name up before it asks the guard: another answer could follow."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(2)
        config = {"url": f"rsyslog://localhost:{log.getsockname()[1]}"}
        answer = await send("apprise", config, OUTSIDE_ONLY)
        assert "is a private address" in str(answer)
        assert await send("apprise", config, Reach()) == Receipt()
        assert b"Datastore" in log.recv(9000)
        with guarded(Reach()), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            with pytest.raises(PermissionError):
                sender.sendto(b"unseen", ("localhost", log.getsockname()[1]))
            log.setblocking(False)
            with pytest.raises(BlockingIOError):
                log.recv(9000)


class StandInProxy(StandIn):
    """Takes anything, wherever it is meant for."""

    def judged(self, request: Any) -> tuple[Any, Any]:
        return Reply(), request.path


async def test_the_guard_ends_with_the_message() -> None:
    await send("webhook", {"url": "http://169.254.169.254/"}, OUTSIDE_ONLY)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = listening.getsockname()
        await in_thread(lambda: socket.create_connection(place, 1).close(), name="free")
