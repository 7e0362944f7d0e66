"""The one TLS client of the probes, in memory: bytes in, bytes out, and what was seen on the way.

Without the 256 KiB buffer that asyncio has for each connection.
"""

import ssl
from dataclasses import replace
from ipaddress import ip_address

from webmon.clock import utcnow
from webmon.probes.wire.certificates import (
    Certificate,
    is_for,
    presented_chain,
    verified_chain,
)
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_failures import (
    WANTS_CERTIFICATE,
    handshake_failure,
    other_name,
    verification_failure,
)

MOST_REMEMBERED = 32 * 1024
SERVER_HELLO, CERTIFICATE_REQUEST = 2, 13
RENEGOTIATION_INFO = 0xFF01
HANDSHAKE_RECORD = 22


class HandshakeFailed(Exception):
    """There is no TLS; the text says why."""


class CertificateWanted(HandshakeFailed):
    """The server's certificate was accepted, but it wants one of ours."""


class TlsSession:
    """One handshake, and what is spoken after it."""

    def __init__(self, trust: Trust, server_name: str, place: object) -> None:
        """``place`` names the other end in messages.

        Raises:
            HandshakeFailed: no certificate can be for that name.
        """
        self.place = place
        self.chain: tuple[Certificate, ...] = ()
        """Of the server's certificates, its own first: those that were needed; where it was not
        accepted, those that it sent."""
        self.done = False
        self._checks_name = trust.verify and "_" in server_name and not _is_address(server_name)
        if self._checks_name:
            trust = replace(trust, checks_name=False)
        self._trust, self._server_name = trust, server_name
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._heard = bytearray()
        """What came before the handshake was done: for messages, and what is said in the clear."""
        try:
            self.tls = context_for(trust).wrap_bio(
                self._incoming, self._outgoing, server_hostname=server_name
            )
        except ValueError:
            raise HandshakeFailed(f"no certificate can be for the name {server_name}") from None

    def receive(self, data: bytes) -> None:
        """Take what the server has sent."""
        self._incoming.write(data)
        if not self.done and len(self._heard) < MOST_REMEMBERED:
            self._heard += data

    def to_send(self) -> bytes:
        """What is to be sent to the server now; also after a failure: it is told why."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def shake_hands(self) -> bool:
        """Go on with the handshake; whether it is done.

        Raises:
            HandshakeFailed: there will be none.
        """
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLCertVerificationError as error:
            self.chain = presented_chain(self.tls)
            text = verification_failure(error, self.chain, self._server_name, now=utcnow())
            raise HandshakeFailed(text) from error
        except ssl.SSLError as error:
            raise self._failed(error) from error
        self.chain = verified_chain(self.tls) or presented_chain(self.tls)
        self._require_name()
        self.done = True
        return True

    def _failed(self, error: ssl.SSLError) -> HandshakeFailed:
        kinds = {kind for kind, _ in _messages(self._heard)}
        self.chain = verified_chain(self.tls) or presented_chain(self.tls)
        text = handshake_failure(
            error,
            self.place,
            answered=SERVER_HELLO in kinds,
            wants_certificate=CERTIFICATE_REQUEST in kinds,
        )
        if text != WANTS_CERTIFICATE:
            return HandshakeFailed(text)
        self._require_name()
        return CertificateWanted(text)

    def _require_name(self) -> None:
        if not self._checks_name:
            return
        own = self.chain[0] if self.chain else None
        if own is None or not is_for(own.names, self._server_name):
            raise HandshakeFailed(other_name(own, self._server_name))

    @property
    def version(self) -> str:
        """Such as ``TLSv1.3``."""
        return self.tls.version() or ""

    @property
    def cipher(self) -> str:
        return (self.tls.cipher() or ("",))[0]

    @property
    def old_encryption(self) -> str:
        """What is old about the connection, though browsers still take it; empty: nothing is."""
        if self.version != "TLSv1.2":
            return ""
        name, found = self.cipher, []
        if not name.startswith(("ECDHE-", "DHE-")):
            found.append("key exchange by RSA")
        if not any(word in name for word in ("GCM", "CHACHA20", "CCM")):
            found.append("encryption in CBC mode")
        hello = next((body for kind, body in _messages(self._heard) if kind == SERVER_HELLO), None)
        if hello is not None and RENEGOTIATION_INFO not in _extensions(hello):
            found.append("no secure renegotiation (RFC 5746)")
        return ", ".join(found)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _messages(heard: bytes | bytearray) -> list[tuple[int, bytes]]:
    """The handshake messages that were sent in the clear: (type, body)."""
    joined, at = b"", 0
    while at + 5 <= len(heard) and heard[at] == HANDSHAKE_RECORD:
        length = int.from_bytes(heard[at + 3 : at + 5])
        joined += bytes(heard[at + 5 : at + 5 + length])
        at += 5 + length
    found, at = [], 0
    while at + 4 <= len(joined):
        length = int.from_bytes(joined[at + 1 : at + 4])
        found.append((joined[at], joined[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def _extensions(hello: bytes) -> set[int]:
    """The numbers of the extensions in a ServerHello (RFC 5246, 7.4.1.3)."""
    at = 2 + 32
    at += 1 + (hello[at] if at < len(hello) else 0) + 2 + 1 + 2
    found = set()
    while at + 4 <= len(hello):
        found.add(int.from_bytes(hello[at : at + 2]))
        at += 4 + int.from_bytes(hello[at + 2 : at + 4])
    return found
