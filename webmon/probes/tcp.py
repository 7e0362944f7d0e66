"""The `tcp` probe: a port that takes connections, and, where asked for, answers as expected."""

import asyncio
import re
import socket
import time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from webmon.probes.base import Outcome, Phases, ProbeConfig, Target, down, unable, up
from webmon.probes.wire.addresses import (
    Endpoint,
    Unreachable,
    literal_endpoint,
    open_socket,
    resolve,
)
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.stream import Broken
from webmon.probes.wire.texts import MOST_REPEATED, excerpt, milliseconds, quoted

MOST_BYTES = 64 * 1024

_ESCAPE = re.compile(r"\\(?:([rnt0\\])|x([0-9a-fA-F]{2})|(.)|$)", re.DOTALL)
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text: str) -> bytes:
    r"""The bytes of ``text``, in which \r, \n, \t, \0, \\ and \xHH stand for what they mean.

    Raises:
        ValueError: a backslash is followed by something else.
    """
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPE.finditer(text):
        name, code = found[1], found[2]
        if name is None and code is None:
            raise ValueError(r"has a backslash that is not one of \r \n \t \0 \\ \xHH")
        parts += [
            text[end : found.start()].encode(),
            _ESCAPES[name] if name else bytes.fromhex(code),
        ]
        end = found.end()
    return b"".join([*parts, text[end:].encode()])


def _checked(text: str | None) -> str | None:
    if text is not None:
        unescape(text)
    return text


Text = Annotated[
    str | None,
    AfterValidator(_checked),
    BeforeValidator(lambda value: None if value == "" else value),
]


KINDS = {5432: "postgres", 3306: "mysql", 6379: "redis"}
"""The ports of databases, and what looks at them properly."""


class TcpConfig(ProbeConfig):
    """A port, and what is said over it."""

    port: int = Field(title="Port", ge=1, le=65535)
    send: Text = Field(
        default=None,
        title="Send",
        description=r"Sent after connecting; \r and \n end a line, \xHH is a byte",
        max_length=1000,
    )
    expect: Text = Field(
        default=None,
        title="Expect",
        description="A text the answer must contain; empty: connecting is enough",
        max_length=1000,
    )
    address_family: AddressFamily = "auto"


class Conversation:
    """One connection: what was reached, when, and what was received."""

    def __init__(self, config: TcpConfig) -> None:
        self.started = time.perf_counter()
        self.step = "looking up the name"
        self.endpoint: Endpoint | None = None
        self.looked_up = False
        self.resolved = self.connected = self.answered = self.finished = 0.0
        self.received = b""
        self._send = unescape(config.send or "")
        self._expect = unescape(config.expect or "")
        self._expect_text = config.expect or ""

    async def hold(self, host: str, port: int) -> None:
        """Connect, send, and read until the expected text is there.

        Raises:
            Unreachable, Broken: something else happened; the text says what.
        """
        endpoints = await resolve(host, port)
        self.looked_up = literal_endpoint(host, port) is None
        self.resolved = time.perf_counter()
        self.endpoint, self.step = endpoints[0], f"connecting to {endpoints[0]}"
        opened, self.endpoint = await open_socket(endpoints)
        self.connected = time.perf_counter()
        self.step = f"connected to {self.endpoint}"
        with opened:
            try:
                await self._talk(opened)
            except OSError as error:
                raise Broken(f"connection reset by {self.endpoint}") from error
        self.finished = time.perf_counter()

    async def _talk(self, opened: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self._send:
            await loop.sock_sendall(opened, self._send)
        if not self._expect:
            return
        wanted = quoted(self._expect_text)
        self.step += f", waiting for {wanted}"
        while self._expect not in self.received:
            if len(self.received) >= MOST_BYTES:
                raise Broken(f"did not send {wanted} in its first {MOST_BYTES // 1024} kB")
            data = await loop.sock_recv(opened, 4096)
            self.answered = self.answered or time.perf_counter()
            if not data:
                instead = f", got {quoted(self.text)}" if self.received else ""
                raise Broken(f"closed the connection without sending {wanted}{instead}")
            self.received += data

    def unfinished(self, timeout: float) -> str:
        """What is to be said when the time is over; another answer than the expected one is one."""
        if self.received:
            wanted = quoted(self._expect_text)
            return f"did not send {wanted} within {timeout:g} s, only {quoted(self.text)}"
        return f"no answer within {timeout:g} s ({self.step})"

    @property
    def text(self) -> str:
        """What was received, as text."""
        return self.received[: 4 * MOST_REPEATED].decode("utf-8", errors="replace")


async def probe_tcp(config: TcpConfig, target: Target, timeout: float) -> Outcome:
    """Connect once, within ``timeout`` seconds; nothing a server does raises."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    conversation = Conversation(config)
    try:
        async with asyncio.timeout(timeout):
            await conversation.hold(host, config.port)
    except TimeoutError:
        message = conversation.unfinished(timeout)
    except (Unreachable, Broken) as error:
        message = str(error)
    else:
        return _up(conversation)
    return down(
        excerpt(message, 300), phases=_phases(conversation), evidence=_evidence(conversation)
    )


def _up(conversation: Conversation) -> Outcome:
    taken_us = _microseconds(conversation.started, conversation.finished)
    did = "answered as expected" if conversation.received else "accepts connections"
    return up(
        f"{conversation.endpoint} {did}, in {milliseconds(taken_us)}{hint(conversation.endpoint)}",
        taken_us,
        _phases(conversation),
        **_evidence(conversation),
    )


def hint(endpoint: Endpoint | None) -> str:
    """Which kind says more about what usually listens there: it may accept, and not answer."""
    kind = KINDS.get(endpoint.port) if endpoint else None
    return f"; the kind {kind} also sees whether it answers queries" if kind else ""


def _microseconds(begin: float, end: float) -> int:
    return round((end - begin) * 1_000_000)


def _phases(conversation: Conversation) -> Phases:
    told = conversation
    return Phases(
        dns_us=_microseconds(told.started, told.resolved) if told.looked_up else None,
        connect_us=_microseconds(told.resolved, told.connected) if told.connected else None,
        first_byte_us=_microseconds(told.connected, told.answered) if told.answered else None,
    )


def _evidence(conversation: Conversation) -> dict[str, Any]:
    endpoint = conversation.endpoint
    evidence: dict[str, Any] = {"address": None if endpoint is None else str(endpoint)}
    if conversation.received:
        evidence["received"] = excerpt(conversation.text)
    return evidence
