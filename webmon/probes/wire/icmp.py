"""ICMP echo over a socket of its own: requests, the answers that belong to them, and refusals."""

import os
import secrets
import socket
import struct
import sys
from typing import NamedTuple

from webmon.probes.wire.addresses import Endpoint

REQUEST_V4, REPLY_V4 = 8, 0
REQUEST_V6, REPLY_V6 = 128, 129
TOKEN_BYTES = 16
PADDING = b"Beaconry".ljust(24, b".")  # 64 bytes in all, as everybody's pings have

_REPORT_ERRORS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""Linux's IP_RECVERR and IPV6_RECVERR: routers' "no route to host" reaches the socket."""
_ERROR_QUEUE = 0x2000

_FROM_ICMP, _FROM_ICMP6 = 2, 3
_FATAL: dict[int, frozenset[int]] = {
    _FROM_ICMP: frozenset({3, 11, 12}),  # unreachable, time exceeded, a parameter is wrong
    _FROM_ICMP6: frozenset({1, 3, 4}),
}
"""The messages that mean that a packet was lost (Linux's SO_EE_ORIGIN_…: ICMP types). Others, such
as "use the other router" or "more slowly, please", only inform: the packet went on."""


class NotAllowed(Exception):
    """This process may not ping; the text says what is missing."""


def open_echo_socket(endpoint: Endpoint) -> socket.socket:
    """A socket that sends to ``endpoint``, and gets packets from there only.

    Raises:
        NotAllowed: the system lets this process have none.
        OSError: there is no way to the address.
    """
    protocol = socket.IPPROTO_ICMPV6 if endpoint.family == socket.AF_INET6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(endpoint.family, kind, protocol)
        except PermissionError:
            continue
        try:
            opened.setblocking(False)
            if sys.platform == "linux":
                opened.setsockopt(*_REPORT_ERRORS[endpoint.family], 1)
            opened.connect(endpoint.sockaddr)
        except OSError:
            opened.close()
            raise
        return opened
    raise NotAllowed(
        "not allowed to ping: set net.ipv4.ping_group_range to include group "
        f"{os.getegid()}, or give the worker CAP_NET_RAW"
    )


class Report(NamedTuple):
    """What a router or the system says about a packet that was sent."""

    packet: bytes
    """The beginning of that packet, from its ICMP header on; may be empty."""
    error: OSError | None
    """Why it was lost; None where it was not."""


def read_report(opened: socket.socket) -> Report | None:
    """Take one report out of the socket's queue of them; None when it is empty.

    As long as one is in there, the event loop says that there is something to read.
    """
    if sys.platform != "linux":
        return None
    try:
        packet, ancillary, _, _ = opened.recvmsg(512, 512, _ERROR_QUEUE)
    except OSError:
        return None
    for _, _, data in ancillary:
        if len(data) >= 6:
            number, origin, kind = struct.unpack_from("=IBB", data)
            if origin in _FATAL and kind not in _FATAL[origin]:
                return Report(packet, None)
            return Report(packet, OSError(number, os.strerror(number)))
    return Report(packet, OSError(0, ""))


class Echo:
    """The packets of one run. Its token, and not only number and address, tells its answers."""

    def __init__(self, family: int) -> None:
        self._v6 = family == socket.AF_INET6
        self._identifier = secrets.randbits(16)
        self._token = secrets.token_bytes(TOKEN_BYTES)

    def request(self, sequence: int) -> bytes:
        """The packet to send. Where the system gives out identifiers, it replaces ours."""
        kind = REQUEST_V6 if self._v6 else REQUEST_V4
        payload = self._token + PADDING + bytes(16)
        empty = struct.pack("!BBHHH", kind, 0, 0, self._identifier, sequence) + payload
        if self._v6:
            return empty  # its checksum is the system's: the addresses are part of it
        return empty[:2] + struct.pack("!H", checksum(empty)) + empty[4:]

    def sequence_of_request(self, packet: bytes) -> int | None:
        """The number of our own request that ``packet`` is; None where it is none."""
        if len(packet) < 8 + TOKEN_BYTES or packet[8 : 8 + TOKEN_BYTES] != self._token:
            return None
        return int(struct.unpack_from("!H", packet, 6)[0])

    def sequence_of(self, packet: bytes) -> int | None:
        """The number of the request that ``packet`` answers; None where it is none of ours."""
        if not self._v6 and packet[:1] and packet[0] >> 4 == 4:
            packet = packet[(packet[0] & 15) * 4 :]  # a raw socket gives the IP header, too
        if len(packet) < 8 + TOKEN_BYTES:
            return None
        kind, code, _, _, sequence = struct.unpack_from("!BBHHH", packet)
        expected = REPLY_V6 if self._v6 else REPLY_V4
        if (kind, code) != (expected, 0) or packet[8 : 8 + TOKEN_BYTES] != self._token:
            return None
        return int(sequence)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of ``data``, whose own field is zero."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total
