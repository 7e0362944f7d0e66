"""One question to name servers: over UDP, again where it got lost, over TCP where it must be.

`dns.asyncquery.udp_with_fallback` is not used: it asks once, and to ask again takes a new socket,
so that an answer later than that is lost; it does not tell UDP's failure from TCP's, nor count the
packets that answer something else. It takes as much CPU (0.22 ms) as what it would replace.
"""

import asyncio
import socket
import time
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from webmon.domain.checks.networks import ANYWHERE
from webmon.guard import within
from webmon.probes.wire.addresses import Endpoint, Unreachable, connect_failure
from webmon.probes.wire.stream import Broken, Stream

PORT = 53
HEADER_BYTES = 12
RESEND_SECONDS = 1.0
"""When a question is sent again; then after twice as long, and so on."""

NEXT_SERVER_SECONDS = 1.0
"""How long a name server is waited for before the next one is asked as well."""

FINAL = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN})
"""Answers about the name; the others are about the server, and another one may do better."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What a name server answered, after how long, and over what."""

    message: dns.message.Message
    endpoint: Endpoint
    transport: str
    taken_us: int

    @property
    def rcode(self) -> str:
        return dns.rcode.to_text(self.message.rcode())


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no such answer, and what was answered instead, if anything."""

    text: str
    answer: DnsAnswer | None = None


class Inquiry:
    """A question, and what has happened to it so far."""

    def __init__(self, name: dns.name.Name, record: str) -> None:
        self.asked: list[Endpoint] = []
        self.strange = 0
        """How many packets came that do not answer the question."""
        self._name, self._record = name, record

    @property
    def places(self) -> str:
        """Whom was asked, in words."""
        return " and ".join(place(each) for each in self.asked)

    async def ask(self, servers: list[Endpoint]) -> DnsAnswer | Failure:
        """The first answer about the name; where nobody gives one, the last failure.

        The servers are asked in order, each a moment after the one before it, at once when that
        one failed.
        """
        waiting, failure = list(servers), Failure("there is no name server to ask")
        under_way: set[asyncio.Task[DnsAnswer | Failure]] = set()
        try:
            while waiting or under_way:
                if waiting:
                    self.asked.append(waiting[0])
                    under_way.add(asyncio.create_task(self._ask_one(waiting.pop(0))))
                done, under_way = await asyncio.wait(
                    under_way,
                    timeout=NEXT_SERVER_SECONDS if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for found in [each.result() for each in done]:
                    if isinstance(found, DnsAnswer):
                        return found
                    failure = found
        finally:
            for each in under_way:
                each.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        return failure

    async def _ask_one(self, server: Endpoint) -> DnsAnswer | Failure:
        query = dns.message.make_query(self._name, self._record)
        query.flags |= dns.flags.AD  # asks to be told whether the answer was verified (RFC 6840)
        began = time.perf_counter()
        transport = "UDP"
        try:
            message = await self._over_udp(server, query)
            if message.flags & dns.flags.TC:
                transport = "TCP"
                message = await self._over_tcp(server, query)
        except OSError as error:
            return Failure(connect_failure([(server, error)]))
        except Unreachable as error:
            return Failure(f"the answer is too long for UDP, and over TCP: {error}")
        except Broken as error:
            return Failure(f"the answer is too long for UDP, and over TCP {place(server)} {error}")
        taken_us = round((time.perf_counter() - began) * 1_000_000)
        answer = DnsAnswer(message, server, transport, taken_us)
        if message.rcode() in FINAL:
            return answer
        return Failure(_refusal(server, answer.rcode), answer)

    async def _over_udp(self, server: Endpoint, query: dns.message.Message) -> dns.message.Message:
        loop, wire, pause = asyncio.get_running_loop(), query.to_wire(), RESEND_SECONDS
        with socket.socket(server.family, socket.SOCK_DGRAM) as opened:
            opened.setblocking(False)
            opened.connect(server.sockaddr)  # from now on only this server is heard
            while True:
                await loop.sock_sendall(opened, wire)
                try:
                    async with asyncio.timeout(pause):
                        while True:
                            message = _parse(await loop.sock_recv(opened, 65_535), query)
                            if message is not None:
                                return message
                            self.strange += 1
                except TimeoutError:
                    pause *= 2

    async def _over_tcp(self, server: Endpoint, query: dns.message.Message) -> dns.message.Message:
        # Who chose the server has been judged before it was asked at all.
        with within(ANYWHERE), Stream() as stream:
            await stream.connect(server.ip, server.port)
            wire = query.to_wire()
            await stream.send(len(wire).to_bytes(2) + wire)
            length = int.from_bytes(await stream.read_exactly(2))
            message = _parse(await stream.read_exactly(length), query)
        if message is None:
            raise Broken("sent something that does not answer the question")
        return message


def _parse(wire: bytes, query: dns.message.Message) -> dns.message.Message | None:
    """The message in ``wire``; None where there is none, or none that answers ``query``."""
    message: dns.message.Message | None
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        message = _beginning_of_truncated(wire)
    return message if message is not None and query.is_response(message) else None


def _beginning_of_truncated(wire: bytes) -> dns.message.Message | None:
    """What says that it is truncated may be cut in the middle of a record."""
    if len(wire) < HEADER_BYTES or not int.from_bytes(wire[2:4]) & dns.flags.TC:
        return None
    try:
        return dns.message.from_wire(wire, question_only=True, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None


def _refusal(server: Endpoint, rcode: str) -> str:
    if rcode == "REFUSED":
        return f"resolver {place(server)} refused to answer (REFUSED)"
    if rcode == "SERVFAIL":
        return f"resolver {place(server)} failed to find the answer (SERVFAIL)"
    return f"resolver {place(server)} answered {rcode}"


def place(server: Endpoint) -> str:
    """The name server's address, with its port where that is not the usual one."""
    return server.ip if server.port == PORT else str(server)
