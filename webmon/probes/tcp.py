"""The `tcp` probe: a port that takes connections, and, where asked for, answers as expected."""

import asyncio
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from webmon.probes.base import Outcome, ProbeConfig, Target, down, unable, up
from webmon.probes.wire.addresses import Endpoint, Unreachable
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.stream import Broken, Stream
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


class Visit:
    """One connection: what was said over it."""

    def __init__(self, config: TcpConfig) -> None:
        self.stream = Stream()
        self.received = b""
        self.taken_us = 0
        self._send = unescape(config.send or "")
        self._expect = unescape(config.expect or "")
        self._expect_text = config.expect or ""

    async def hold(self, host: str, port: int) -> None:
        """Connect, send, and read until the expected text is there.

        Raises:
            Unreachable, Broken: something else happened; the text says what.
        """
        with self.stream as stream:
            await stream.connect(host, port)
            if self._send:
                stream.step = f"connected to {stream.endpoint}, sending"
                await stream.send(self._send)
            if self._expect:
                await self._read()
        self.taken_us = stream.elapsed_us

    async def _read(self) -> None:
        wanted = quoted(self._expect_text)
        self.stream.wait_for(wanted)
        while self._expect not in self.received:
            if len(self.received) >= MOST_BYTES:
                raise Broken(f"did not send {wanted} in its first {MOST_BYTES // 1024} kB")
            data = await self.stream.read_some()
            if not data:
                instead = f", got {quoted(self.text)}" if self.received else ""
                raise Broken(f"closed the connection without sending {wanted}{instead}")
            self.received += data

    def unfinished(self, timeout: float) -> str:
        """What is to be said when the time is over; another answer than the expected one is one."""
        if self.received:
            wanted = quoted(self._expect_text)
            return f"did not send {wanted} within {timeout:g} s, only {quoted(self.text)}"
        return f"no answer within {timeout:g} s ({self.stream.step})"

    @property
    def text(self) -> str:
        """What was received, as text."""
        return self.received[: 4 * MOST_REPEATED].decode("utf-8", errors="replace")

    @property
    def evidence(self) -> dict[str, Any]:
        evidence = self.stream.facts
        if self.received:
            evidence["received"] = excerpt(self.text)
        return evidence


async def probe_tcp(config: TcpConfig, target: Target, timeout: float) -> Outcome:
    """Connect once, within ``timeout`` seconds; nothing a server does raises."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    visit = Visit(config)
    try:
        async with asyncio.timeout(timeout):
            await visit.hold(host, config.port)
    except TimeoutError:
        message = visit.unfinished(timeout)
    except (Unreachable, Broken) as error:
        message = str(error)
    else:
        return _up(visit)
    return down(excerpt(message, 300), phases=visit.stream.phases, evidence=visit.evidence)


def _up(visit: Visit) -> Outcome:
    endpoint = visit.stream.endpoint
    did = "answered as expected" if visit.received else "accepts connections"
    message = f"{endpoint} {did}, in {milliseconds(visit.taken_us)}{hint(endpoint)}"
    return up(message, visit.taken_us, visit.stream.phases, **visit.evidence)


def hint(endpoint: Endpoint | None) -> str:
    """Which kind says more about what usually listens there: it may accept, and not answer."""
    kind = KINDS.get(endpoint.port) if endpoint else None
    return f"; the kind {kind} also sees whether it answers queries" if kind else ""
