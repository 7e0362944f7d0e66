"""What is said before TLS begins where no lines are spoken: LDAP, PostgreSQL and MySQL."""

import asyncio
from contextlib import suppress

from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import excerpt, quoted

MOST_MESSAGE_BYTES = 16 * 1024
GOODBYE_SECONDS = 0.5

POSTGRES_TLS_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
"""SSLRequest; the answer is one letter: S or N."""

LDAP_START_TLS = b"1.3.6.1.4.1.1466.20037"
SEQUENCE, INTEGER, OCTETS, ENUMERATED = 0x30, 0x02, 0x04, 0x0A
EXTENDED_REQUEST, EXTENDED_RESPONSE, REQUEST_NAME = 0x77, 0x78, 0x80
LDAP_CODES = {
    1: "operations error",
    2: "does not know StartTLS",
    8: "wants another kind of login first",
    10: "referral to another server",
    50: "insufficient access rights",
    51: "busy",
    52: "unavailable",
    53: "unwilling to perform",
    80: "other error",
}

MYSQL_PROTOCOL = 10
CAN_TLS, MYSQL_41, SECURE_LOGIN, PLUGIN_LOGIN = 0x800, 0x200, 0x8000, 0x80000
MYSQL_FLAGS = MYSQL_41 | SECURE_LOGIN | PLUGIN_LOGIN | CAN_TLS
UTF8 = b"\x21"
STRANGER = b"beaconry"


async def begin_postgres(stream: Stream) -> None:
    """Ask for TLS with an SSLRequest.

    Raises:
        Broken: the server does not agree.
    """
    stream.wait_for("the answer to the wish for TLS")
    await stream.send(POSTGRES_TLS_REQUEST)
    answer = await stream.read_exactly(1)
    if answer == b"N":
        raise Broken("does not offer TLS")
    if answer == b"E":
        raise Broken("answered with an error to the wish for TLS")
    if answer != b"S":
        raise Broken(f"does not speak PostgreSQL’s protocol, it sent {_shown(answer)}")


async def begin_ldap(stream: Stream) -> None:
    """Ask for TLS with the extended operation StartTLS (RFC 4511, 4.14).

    Raises:
        Broken: the server does not agree.
    """
    stream.wait_for("the answer to StartTLS")
    name = _element(REQUEST_NAME, LDAP_START_TLS)
    request = _element(INTEGER, b"\1") + _element(EXTENDED_REQUEST, name)
    await stream.send(_element(SEQUENCE, request))
    try:
        _, rest = _take(await _read_element(stream), INTEGER)
        answer, _ = _take(rest, EXTENDED_RESPONSE)
        code, rest = _take(answer, ENUMERATED)
        _, rest = _take(rest, OCTETS)
        said, _ = _take(rest, OCTETS)
    except ValueError:
        raise Broken("did not answer with LDAP") from None
    if number := int.from_bytes(code):
        word = LDAP_CODES.get(number, "result code")
        why = f": {_shown(said)}" if said else ""
        raise Broken(f"does not begin TLS: {word} ({number}){why}")


async def _read_element(stream: Stream) -> bytes:
    """The content of the next message (BER)."""
    tag, size = await stream.read_exactly(2)
    if tag != SEQUENCE:
        raise ValueError
    if size & 0x80:
        if not 1 <= size & 0x7F <= 4:
            raise ValueError
        size = int.from_bytes(await stream.read_exactly(size & 0x7F))
    if size > MOST_MESSAGE_BYTES:
        raise ValueError
    return await stream.read_exactly(size)


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first element, which must be one of ``tag``, and what follows it.

    Raises:
        ValueError: it is not.
    """
    if len(data) < 2 or data[0] != tag:
        raise ValueError
    size, begin = data[1], 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(data[2:begin])
    if begin + size > len(data):
        raise ValueError
    return data[begin : begin + size], data[begin + size :]


def _element(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


async def begin_mysql(stream: Stream) -> None:
    """Take the server's greeting, and ask for TLS.

    Raises:
        Broken: the server does not agree.
    """
    stream.wait_for("its greeting")
    greeting = await _read_packet(stream)
    if greeting[:1] == b"\xff":
        said = greeting[9:] if greeting[3:4] == b"#" else greeting[3:]  # after an SQLSTATE
        raise Broken(f"is not available now: said {_shown(said)}")
    if greeting[:1] != bytes([MYSQL_PROTOCOL]) or b"\0" not in greeting:
        raise Broken(f"does not speak MySQL’s protocol, it sent {_shown(greeting)}")
    after_version = greeting.partition(b"\0")[2]
    if not int.from_bytes(after_version[13:15], "little") & CAN_TLS:
        raise Broken("does not offer TLS")
    await stream.send(_packet(1, _mysql_head()))


async def leave_mysql(stream: Stream) -> None:
    """End in order: a server that counts who goes away in the middle of the handshake locks this
    monitor's address out after a hundred of them (max_connect_errors). So somebody whom it does
    not know tries to log in, and is refused."""
    with suppress(Broken, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await _try_to_log_in(stream)


async def _try_to_log_in(stream: Stream) -> None:
    login = _mysql_head() + STRANGER + b"\0\0mysql_native_password\0"
    await stream.send(_packet(2, login))
    answer = await _read_packet(stream)
    if answer[:1] == b"\xfe":  # it would rather have another kind of login
        await stream.send(_packet(4, b""))
        await _read_packet(stream)


def _mysql_head() -> bytes:
    """The beginning of a login; as a whole, the wish for TLS."""
    longest = 1 << 24
    return MYSQL_FLAGS.to_bytes(4, "little") + longest.to_bytes(4, "little") + UTF8 + bytes(23)


async def _read_packet(stream: Stream) -> bytes:
    head = await stream.read_exactly(4)
    size = int.from_bytes(head[:3], "little")
    if size > MOST_MESSAGE_BYTES:
        raise Broken(f"does not speak MySQL’s protocol, it sent {_shown(head)}")
    return await stream.read_exactly(size)


def _packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content


def _shown(said: bytes) -> str:
    return quoted(excerpt(said.decode("utf-8", errors="replace")))
