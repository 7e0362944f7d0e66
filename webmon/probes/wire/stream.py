"""One connection that is spoken over in lines or bytes, in plain text and through TLS.

It is the connector of all kinds but `http`: from a name to a socket, with the time of each step.

What it reads is bounded; the time is bounded by its user, for whom `step` says what is under way.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from types import TracebackType
from typing import Any, Self

from webmon.probes.base import Phases
from webmon.probes.wire.addresses import Endpoint, literal_endpoint, open_socket, resolve
from webmon.probes.wire.certificates import Certificate
from webmon.probes.wire.tls_contexts import Trust
from webmon.probes.wire.tls_failures import plain_reason, wants_certificate
from webmon.probes.wire.tls_session import HandshakeFailed, TlsSession

READ_BYTES = 16 * 1024
MOST_LINE_BYTES = 2048


class Broken(Exception):
    """The conversation ended otherwise than it should; the text says how."""


class Stream:
    """A connection, what it met, and when. Close it, or use it in a ``with``."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.step = "looking up the name"
        self.endpoint: Endpoint | None = None
        self.chain: tuple[Certificate, ...] = ()
        """What the other side showed in the TLS handshake, also when it was not accepted; once it
        was accepted, only what was needed for that."""
        self.tls_version = self.cipher = self.old_encryption = ""
        self.tls_us: int | None = None
        self._times: dict[str, float] = {}
        self._socket: socket.socket | None = None
        self._session: TlsSession | None = None
        self._tls: ssl.SSLObject | None = None
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()

    async def connect(self, host: str, port: int) -> None:
        """Look up the name and connect.

        Raises:
            Unreachable: there is no connection.
        """
        named = literal_endpoint(host, port) is None
        endpoints = await resolve(host, port)
        if named:
            self._times["resolved"] = time.perf_counter()
        self.endpoint, self.step = endpoints[0], f"connecting to {endpoints[0]}"
        began = time.perf_counter()
        self._socket, self.endpoint = await open_socket(endpoints)
        self._times |= {"began": began, "connected": time.perf_counter()}
        self.wait_for("the server's first words")

    def wait_for(self, what: str) -> None:
        """Say what comes next, for the message should it not come."""
        self.step = f"connected to {self.endpoint}, waiting for {what}"

    @property
    def certificate(self) -> Certificate | None:
        """The one of the server itself."""
        return self.chain[0] if self.chain else None

    async def start_tls(self, trust: Trust, server_name: str) -> None:
        """Shake hands, and speak through TLS from now on.

        Raises:
            Broken: there is no handshake, or the certificate is not accepted.
        """
        if self._unread:
            raise Broken("said more, unencrypted, after it had agreed to begin TLS")
        self.step = f"connected to {self.endpoint}, in the TLS handshake"
        began = time.perf_counter()
        try:
            session = self._session = TlsSession(trust, server_name, self.endpoint)
            try:
                await self._shake_hands(session)
            finally:
                self._note(session)
        except HandshakeFailed as error:
            raise Broken(str(error)) from error
        self._tls = session.tls
        self.tls_us = _microseconds(began, time.perf_counter())

    async def _shake_hands(self, session: TlsSession) -> None:
        while True:
            try:
                done = session.shake_hands()
            except HandshakeFailed:
                with contextlib.suppress(Broken):
                    await self._flush()  # the alert that tells the other side why
                raise
            await self._flush()
            if done:
                return
            data = await self._receive()
            if not data:
                raise Broken(f"connection closed by {self.endpoint} in the TLS handshake")
            session.receive(data)

    def _note(self, session: TlsSession) -> None:
        self.chain = session.chain
        self.tls_version, self.cipher = session.version, session.cipher
        self.old_encryption = session.old_encryption

    async def send(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            Broken: the connection is gone.
        """
        if self._tls is None:
            await self._transmit(data)
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise Broken(f"TLS failed: {plain_reason(error)}") from error
        await self._flush()

    async def read_line(self) -> bytes:
        """The next line, without its end.

        Raises:
            Broken: the connection ended before that, or the line has no end.
        """
        while b"\n" not in self._unread:
            if len(self._unread) > MOST_LINE_BYTES:
                raise Broken(f"sent a line of more than {MOST_LINE_BYTES} bytes")
            await self._read_more()
        line, _, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r")[:MOST_LINE_BYTES]

    async def read_exactly(self, count: int) -> bytes:
        """The next ``count`` bytes.

        Raises:
            Broken: the connection ended before that.
        """
        while len(self._unread) < count:
            await self._read_more()
        data, self._unread = self._unread[:count], self._unread[count:]
        return data

    async def read_some(self) -> bytes:
        """What comes next, at most 16 kB; empty where the other side has ended.

        Raises:
            Broken: the connection is gone.
        """
        if not self._unread and (data := await self._read()):
            self._times.setdefault("first byte", time.perf_counter())
            return data
        data, self._unread = self._unread, b""
        return data

    def detach(self) -> socket.socket:
        """The connected socket, for its new owner, who closes it."""
        opened, self._socket = self._socket, None
        assert opened is not None
        return opened

    async def wants_certificate(self) -> bool:
        """Whether the next that the server says is that it wants a client certificate. Nothing
        can be read after this."""
        try:
            await self._read()
        except Broken as error:
            return isinstance(error.__cause__, ssl.SSLError) and wants_certificate(error.__cause__)
        return False

    async def _read_more(self) -> None:
        data = await self._read()
        if not data:
            raise Broken(f"closed the connection ({self.step})")
        self._times.setdefault("first byte", time.perf_counter())
        self._unread += data

    async def _read(self) -> bytes:
        while self._tls is not None:
            try:
                return self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise Broken(f"TLS failed: {plain_reason(error)}") from error
            data = await self._receive()
            if not data:
                return b""
            assert self._session is not None
            self._session.receive(data)
        return await self._receive()

    async def _flush(self) -> None:
        if self._session is not None and (data := self._session.to_send()):
            await self._transmit(data)

    async def _transmit(self, data: bytes) -> None:
        assert self._socket is not None
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError as error:
            raise Broken(f"connection reset by {self.endpoint}") from error

    async def _receive(self) -> bytes:
        assert self._socket is not None
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, READ_BYTES)
        except OSError as error:
            raise Broken(f"connection reset by {self.endpoint}") from error

    @property
    def own_address(self) -> str:
        """The address that this side speaks from."""
        assert self._socket is not None
        return str(self._socket.getsockname()[0])

    @property
    def elapsed_us(self) -> int:
        """Microseconds since it was made."""
        return _microseconds(self.started, time.perf_counter())

    @property
    def phases(self) -> Phases:
        """How long each step took that was taken."""
        times = self._times
        return Phases(
            dns_us=_between(self.started, times.get("resolved")),
            connect_us=_between(times.get("began"), times.get("connected")),
            tls_us=self.tls_us,
            first_byte_us=_between(times.get("connected"), times.get("first byte")),
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What it met, as the beginning of a probe's evidence."""
        return {"address": None if self.endpoint is None else str(self.endpoint)}


def _between(begin: float | None, end: float | None) -> int | None:
    return None if begin is None or end is None else _microseconds(begin, end)


def _microseconds(begin: float, end: float) -> int:
    return round((end - begin) * 1_000_000)
