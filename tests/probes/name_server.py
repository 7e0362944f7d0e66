"""A name server on this machine, over UDP and TCP, that answers as a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Answers = Callable[[dns.message.Message], dns.message.Message | list[bytes] | None]
"""What to say to a question: a message, packets as they are, or nothing."""


def records(*lines: str, rcode: str = "NOERROR", flags: int = dns.flags.RA) -> Answers:
    """Answers with ``lines`` such as ``www.example.org. 300 A 192.0.2.7``."""

    def answers(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= flags
        response.set_rcode(dns.rcode.from_text(rcode))
        for line in lines:
            name, ttl, kind, text = line.split(maxsplit=3)
            response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, text))
        return response

    return answers


def _packets(said: dns.message.Message | list[bytes] | None) -> list[bytes]:
    return [said.to_wire()] if isinstance(said, dns.message.Message) else said or []


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """What it was asked, and what it says over UDP and over TCP (None: nobody is there)."""

    answers: Answers
    over_tcp: Answers | None = None
    host: str = "127.0.0.1"
    asked: list[dns.message.Message] = field(default_factory=list)
    port: int = 0
    transport: Any = None
    asker: Any = None
    """The address of whom asked last over UDP."""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        self.asker = addr
        for packet in _packets(self.answers(query)):
            self.transport.sendto(packet, addr)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = dns.message.from_wire(await reader.readexactly(length))
            assert self.over_tcp is not None
            for packet in _packets(self.over_tcp(query)):
                writer.write(len(packet).to_bytes(2, "big") + packet)
            await reader.read()
        writer.close()


@asynccontextmanager
async def name_server(
    answers: Answers, over_tcp: Answers | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[NameServer]:
    """Listens at one port until the end, which leaves nothing open, even after a failure."""
    loop = asyncio.get_running_loop()
    server, port = NameServer(answers, over_tcp, host), 0
    async with AsyncExitStack() as opened:
        opened.push_async_callback(asyncio.sleep, 0)
        if over_tcp is not None:  # first: a port is seldom taken for UDP, and often for TCP
            tcp = await asyncio.start_server(server.talk, host, 0)
            opened.push_async_callback(tcp.wait_closed)
            opened.callback(tcp.close)
            port = tcp.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(lambda: server, (host, port))
        opened.callback(transport.close)
        yield server
