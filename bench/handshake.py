"""How fast the machine is at this moment: the client's part of one TLS handshake in memory.

It is most of what a check over TLS costs, and no code of ours. On shared hosts it differs by half
from one minute to the next, so that a figure means something only beside the one of its own time.
"""

import os
import ssl
import statistics
import time

import trustme

ROUNDS, HANDSHAKES = 20, 50
REFERENCE_MS = 0.62
"""Of the study's machine: TLS 1.3, X25519, a certificate with a key on P-256, OpenSSL 3.0."""


class Handshake:
    """A client and a server that share nothing but memory."""

    def __init__(self) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._client = ssl.create_default_context()
        certificate.configure_cert(self._server)
        authority.configure_trust(self._client)

    def cost_ms(self) -> float:
        """CPU milliseconds of the client, the median of some rounds on the worker's core."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(before)})
        try:
            return statistics.median(self._round_ms() for _ in range(ROUNDS))
        finally:
            os.sched_setaffinity(0, before)

    def _round_ms(self) -> float:
        return sum(self._once_seconds() for _ in range(HANDSHAKES)) / HANDSHAKES * 1000

    def _once_seconds(self) -> float:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self._server.wrap_bio(to_server, to_client, server_side=True)
        began = time.thread_time()
        client = self._client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
        _go_on(client)
        taken = time.thread_time() - began
        _go_on(server)
        began = time.thread_time()
        client.do_handshake()
        return taken + time.thread_time() - began


def _go_on(side: ssl.SSLObject) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return
