"""The `ping` probe: over the real network, and over one that loses, delays and forges packets."""

import asyncio
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes import ping
from webmon.probes.base import Outcome, Target
from webmon.probes.ping import PingConfig, probe_ping
from webmon.probes.wire import icmp
from webmon.probes.wire.addresses import Endpoint


async def probe(address: str = "127.0.0.1", timeout: float = 2, **fields: Any) -> Outcome:
    config = PingConfig.model_validate(fields)
    started = time.perf_counter()
    outcome = await probe_ping(config, Target(address), timeout)
    assert time.perf_counter() - started < timeout + 2
    json.dumps(outcome.evidence)
    return outcome


def may_ping() -> bool:
    try:
        icmp.open_echo_socket(Endpoint(socket.AF_INET, ("127.0.0.1", 0))).close()
    except icmp.NotAllowed:
        return False
    return True


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
async def test_this_machine_answers_where_pinging_is_allowed(address: str) -> None:
    outcome = await probe(address, count=2)
    if not may_ping():
        assert outcome.status is Status.UNKNOWN
        return
    assert outcome.status is Status.UP
    assert outcome.message.startswith(f"{outcome.evidence['address']} answers, in ")
    evidence = outcome.evidence
    assert (evidence["sent"], evidence["received"], evidence["loss_percent"]) == (2, 2, 0)
    assert 0 < evidence["min_ms"] <= evidence["mean_ms"] <= evidence["max_ms"]
    assert outcome.response_us == pytest.approx(evidence["mean_ms"] * 1000, abs=1)
    assert (outcome.phases.dns_us is not None) is (address == "localhost")


async def test_many_at_once_do_not_mix_up_their_answers() -> None:
    addresses = [f"127.0.0.{number % 50 + 1}" for number in range(200)]
    outcomes = await asyncio.gather(*(probe(each, count=2) for each in addresses))
    expected = Status.UP if may_ping() else Status.UNKNOWN
    assert {outcome.status for outcome in outcomes} == {expected}
    assert [outcome.evidence["address"] for outcome in outcomes] == addresses


Answer = Callable[[bytes], list[bytes]]


class Network:
    """The other end of every echo socket: ``answers`` says what comes back for each packet."""

    def __init__(self) -> None:
        self.answers: Answer = lambda request: [reply_to(request)]
        self.requests: list[bytes] = []
        self._sockets: list[socket.socket] = []

    def open(self, _endpoint: Endpoint) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for each in (ours, theirs):
            each.setblocking(False)
        self._sockets.append(theirs)
        asyncio.get_running_loop().add_reader(theirs, self._deliver, theirs)
        return ours

    def _deliver(self, theirs: socket.socket) -> None:
        request = theirs.recv(2048)
        if not request:
            asyncio.get_running_loop().remove_reader(theirs)
            return
        self.requests.append(request)
        for packet in self.answers(request):
            theirs.send(packet)

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    made = Network()
    monkeypatch.setattr(icmp, "open_echo_socket", made.open)
    monkeypatch.setattr(ping, "SPACING_SECONDS", 0.01)
    yield made
    made.close()


def reply_to(request: bytes, **changed: int) -> bytes:
    """The right answer, or one with something ``changed``."""
    kind, code, _, identifier, sequence = struct.unpack_from("!BBHHH", request)
    fields = {"kind": kind - 8, "code": code, "sequence": sequence} | changed
    head = struct.pack("!BBHHH", fields["kind"], fields["code"], 0, identifier, fields["sequence"])
    return head + request[8:]


def losing(*sequences: int) -> Answer:
    def answers(request: bytes) -> list[bytes]:
        sequence = struct.unpack_from("!H", request, 6)[0]
        return [] if sequence in sequences else [reply_to(request)]

    return answers


async def test_all_answered(network: Network) -> None:
    outcome = await probe()
    assert outcome.status is Status.UP
    assert [icmp.checksum(request) for request in network.requests] == [0, 0, 0]
    assert len({request[8:24] for request in network.requests}) == 1


async def test_all_lost(network: Network) -> None:
    network.answers = lambda _: []
    outcome = await probe(timeout=0.2)
    assert outcome.status is Status.DOWN
    assert outcome.message == "no answer to 3 pings from 127.0.0.1"
    assert outcome.response_us is None
    assert outcome.evidence == {
        "address": "127.0.0.1",
        "sent": 3,
        "received": 0,
        "loss_percent": 100.0,
    }


async def test_one_lost_is_too_many_or_not(network: Network) -> None:
    network.answers = losing(1)
    outcome = await probe(timeout=0.2)
    assert outcome.status is Status.DEGRADED
    assert outcome.message == "1 of 3 pings lost (33 %)"
    assert outcome.evidence["received"] == 2
    outcome = await probe(timeout=0.2, loss_warn_percent=34)
    assert (outcome.status, outcome.message) == (Status.UP, "1 of 3 pings lost (33 %)")


@pytest.mark.parametrize(
    "forged",
    [
        {"sequence": 40_000},
        {"kind": 8},
        {"kind": 3},
        {"code": 1},
    ],
)
async def test_answers_to_something_else_do_not_count(
    network: Network, forged: dict[str, int]
) -> None:
    network.answers = lambda request: [reply_to(request, **forged), b"", b"\x45", bytes(200)]
    assert (await probe(timeout=0.1, count=1)).status is Status.DOWN


async def test_answers_to_other_runs_do_not_count(network: Network) -> None:
    network.answers = lambda request: [reply_to(request)[:8] + bytes(16) + request[24:]]
    assert (await probe(timeout=0.1, count=1)).status is Status.DOWN


async def test_an_answer_that_comes_twice_counts_once(network: Network) -> None:
    def twice_but_not_the_last(request: bytes) -> list[bytes]:
        return losing(2)(request) * 2

    network.answers = twice_but_not_the_last
    outcome = await probe(timeout=0.2)
    assert (outcome.status, outcome.evidence["received"]) == (Status.DEGRADED, 2)


async def test_answers_with_an_ip_header_are_understood(network: Network) -> None:
    header = b"\x46" + bytes(23)  # of 24 bytes, as with an option
    network.answers = lambda request: [header + reply_to(request)]
    assert (await probe(count=1)).status is Status.UP


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(113, ""), "no route to 127.0.0.1"),
        (OSError(101, ""), "no network leads to 127.0.0.1"),
        (OSError(22, ""), "cannot ping 127.0.0.1: invalid argument"),
    ],
)
async def test_an_address_to_which_no_way_leads(
    monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def fails(_endpoint: Endpoint) -> socket.socket:
        raise error

    monkeypatch.setattr(icmp, "open_echo_socket", fails)
    outcome = await probe()
    assert (outcome.status, outcome.message) == (Status.DOWN, message)


async def test_a_router_that_says_there_is_no_way(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits until the end for answers that will not come."""
    network.answers = lambda _: [b"something to wake up for"]
    queued = [icmp.Report(b"", OSError(113, ""))]
    monkeypatch.setattr(icmp, "read_report", lambda _: queued.pop() if queued else None)
    started = time.perf_counter()
    outcome = await probe(count=1, timeout=5)
    assert time.perf_counter() - started < 5
    assert (outcome.status, outcome.message) == (Status.DOWN, "no route to 127.0.0.1")


async def test_an_error_that_comes_twice_ends_one_packet_only(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.answers = lambda _: [b"something to wake up for"]

    def twice(_: socket.socket) -> icmp.Report | None:
        return icmp.Report(network.requests[0], OSError(113, "")) if queued.pop() else None

    queued = [False] * 20 + [True, True]
    monkeypatch.setattr(icmp, "read_report", lambda opened: twice(opened) if queued else None)
    network.answers = lambda request: [reply_to(request)] if len(network.requests) > 1 else [b"?"]
    outcome = await probe(count=3, timeout=2)
    assert (outcome.status, outcome.evidence["received"]) == (Status.DEGRADED, 2)


@pytest.mark.parametrize(
    ("family", "kind", "is_lost"),
    [
        (socket.AF_INET, 5, False),  # a redirect
        (socket.AF_INET, 4, False),  # source quench
        (socket.AF_INET, 3, True),
        (socket.AF_INET, 11, True),
        (socket.AF_INET6, 2, False),  # the packet is too big: the next ones are smaller
        (socket.AF_INET6, 137, False),  # a redirect
        (socket.AF_INET6, 1, True),
    ],
)
def test_what_only_informs_is_no_loss(family: int, kind: int, is_lost: bool) -> None:
    origin = 3 if family == socket.AF_INET6 else 2

    class Queue:
        def recvmsg(self, *_: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, None]:
            return b"packet", [(0, 11, struct.pack("=IBBBB", 121, origin, kind, 0, 0))], 0, None

    report = icmp.read_report(Queue())  # type: ignore[arg-type]
    assert report is not None
    assert (report.packet, report.error is not None) == (b"packet", is_lost)


async def test_only_who_was_asked_answers(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gives a socket for pings every answer with its number, from any address."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.setblocking(False)
    with opened, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        run = ping.Run(opened, Endpoint(socket.AF_INET, ("127.0.0.1", 0)), 1)
        run.sent_at[0] = time.perf_counter()
        reply = reply_to(run._echo.request(0))
        other.sendto(reply, opened.getsockname())
        run._receive()
        assert run.taken == {}
        opened.sendto(reply, opened.getsockname())
        run._receive()
        assert run.taken.keys() == {0}
        asyncio.get_running_loop().remove_reader(opened)


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(socket.AF_INET, ("127.0.0.1", 0)),
        Endpoint(socket.AF_INET6, ("::1", 0, 0, 0)),
    ],
)
def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> None:
    def forbidden(*_: int) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", forbidden)
        with pytest.raises(icmp.NotAllowed) as refused:
            icmp.open_echo_socket(endpoint)
    assert str(refused.value) == (
        "not allowed to ping: set net.ipv4.ping_group_range to include group "
        f"{os.getegid()}, or give the worker CAP_NET_RAW"
    )


async def test_a_host_is_not_down_because_pinging_is_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(_: Endpoint) -> socket.socket:
        raise icmp.NotAllowed("not allowed to ping: …")

    monkeypatch.setattr(icmp, "open_echo_socket", forbidden)
    outcome = await probe()
    assert (outcome.status, outcome.response_us) == (Status.UNKNOWN, None)
    assert outcome.message == "not allowed to ping: …"


@pytest.mark.parametrize("address", ["", "  "])
async def test_a_host_without_an_address(address: str) -> None:
    assert (await probe(address)).message == "the host has no address"


async def test_a_host_that_does_not_exist() -> None:
    outcome = await probe("foo.invalid")
    assert (outcome.status, outcome.message) == (Status.DOWN, "no such host: foo.invalid")


@given(packet=st.binary(max_size=100), family=st.sampled_from([socket.AF_INET, socket.AF_INET6]))
def test_random_packets_answer_nothing(packet: bytes, family: int) -> None:
    assert icmp.Echo(family).sequence_of(packet) is None


@given(st.integers(0, 65535), st.sampled_from([socket.AF_INET, socket.AF_INET6]))
def test_the_answer_to_a_request_is_known_by_its_number(sequence: int, family: int) -> None:
    ours, others = icmp.Echo(family), icmp.Echo(family)
    request = ours.request(sequence)
    kind = icmp.REPLY_V6 if family == socket.AF_INET6 else icmp.REPLY_V4
    assert ours.sequence_of(reply_to(request, kind=kind)) == sequence
    assert others.sequence_of(reply_to(request, kind=kind)) is None
    assert ours.sequence_of(request) is None
    assert len(request) == 64


@pytest.mark.parametrize("fields", [{"count": 0}, {"count": 21}, {"loss_warn_percent": 101}])
def test_settings_that_make_no_sense_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        validated(PingConfig, fields, within="config")
    assert all(info.title for info in PingConfig.model_fields.values())
