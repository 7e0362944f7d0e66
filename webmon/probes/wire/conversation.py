"""A connection on which a probe asks and a server answers, from the first look-up to the outcome.

It is what the probes of databases share: their protocols differ, the way around them does not.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, down, unable
from webmon.probes.wire.addresses import Unreachable
from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import MOST_REPEATED, excerpt, milliseconds, quoted

MOST_BYTES = 1024 * 1024
"""Read in one check at most. It also keeps a server that never stops from holding the loop."""

MOST_MESSAGE_CHARACTERS = 300
SHORTEST_SECRET = 4
"""A shorter one is not looked for in answers: it would be found in most of them."""


class Conversation(Stream):
    """A stream of which at most a megabyte is read, and the evidence gathered on the way."""

    def __init__(self, timeout: float, secret: str = "") -> None:
        super().__init__()
        self._secret = secret if len(secret) >= SHORTEST_SECRET else ""
        self.evidence: dict[str, Any] = {}
        self._deadline = time.monotonic() + timeout
        self._beginning = b""
        self._taken = 0
        self._is_shared = False

    @property
    def seconds_left(self) -> float:
        """How long the check may still take. Any thread may ask."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def over_read(self) -> bool:
        """Whether more has arrived than was asked for so far."""
        return bool(self._unread)

    @property
    def is_private(self) -> bool:
        """Whether nobody on the network can read along."""
        assert self.endpoint is not None
        return self._tls is not None or ip_address(self.endpoint.ip.partition("%")[0]).is_loopback

    @property
    def began_with_tls(self) -> bool:
        """Whether the server answered plain text with a message of TLS."""
        return self._tls is None and self._beginning.startswith(b"\x15\x03")

    @property
    def heard_nothing(self) -> bool:
        """Whether the server has said nothing at all."""
        return not self._beginning

    def foreign(self, protocol: str) -> Broken:
        """The error for a server that speaks something else; quotes what it said first."""
        said = quoted(self.shown(self._beginning))
        return Broken(f"{self.endpoint} does not speak {protocol}, it sent {said}")

    def shown(self, said: bytes | str, limit: int = MOST_REPEATED) -> str:
        """What the server ``said``, fit to be shown and stored, without the secret."""
        text = said if isinstance(said, str) else said.decode("utf-8", errors="replace")
        return excerpt(text.replace(self._secret, "•••") if self._secret else text, limit)

    def hand_over(self) -> socket.socket:
        """The connection for a blocking client; it ends with this, even in the middle of a call."""
        assert self._socket is not None
        given, self._socket = self._socket, self._socket.dup()
        self._is_shared = True
        return given

    def close(self) -> None:
        """Drop the connection, also for the client it was handed over to."""
        if self._is_shared and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        super().close()

    async def _read(self) -> bytes:
        data = await super()._read()
        self._taken += len(data)
        if self._taken > MOST_BYTES:
            raise Broken(f"sent more than {MOST_BYTES // 1024} kB")
        if len(self._beginning) < 200:
            self._beginning += data[:200]
        return data


Talk = Callable[[Conversation], Awaitable[tuple[Status, str]]]
"""Asks what is to be asked; tells the status and says why. Raises `Broken`."""


async def converse(
    host: str, port: int, timeout: float, talk: Talk, *, secret: str = ""
) -> Outcome:
    """Connect and ``talk``, all within ``timeout`` seconds; nothing a server does raises.

    Where the server repeats ``secret``, `Conversation.shown` leaves it out.
    """
    if not host:
        return unable("the host has no address")
    with Conversation(timeout, secret) as conversation:
        try:
            async with asyncio.timeout(timeout):
                await conversation.connect(host, port)
                status, message = await talk(conversation)
        except TimeoutError:
            message = f"no answer within {timeout:g} s ({conversation.step})"
        except (Unreachable, Broken) as error:
            message = str(error)
        else:
            return _answered(conversation, status, message)
    return down(
        excerpt(message, MOST_MESSAGE_CHARACTERS),
        phases=conversation.phases,
        evidence=_evidence(conversation),
    )


def _answered(conversation: Conversation, status: Status, message: str) -> Outcome:
    taken_us = conversation.elapsed_us
    message = excerpt(message, MOST_MESSAGE_CHARACTERS)
    if status is Status.UP:
        message = f"{message}, in {milliseconds(taken_us)}"
    return Outcome(status, message, taken_us, conversation.phases, _evidence(conversation))


def _evidence(conversation: Conversation) -> dict[str, Any]:
    evidence = {**conversation.facts, **conversation.evidence}
    if conversation.tls_version:
        evidence["protocol"] = conversation.tls_version
    return evidence
