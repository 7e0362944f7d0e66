"""What is said in plain text before TLS begins: the first words of SMTP, IMAP, POP3, FTP …"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from webmon.probes.wire.binary_starttls import begin_ldap, begin_mysql, begin_postgres
from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import excerpt, quoted

MOST_LINES = 100

_REPLY = re.compile(r"([1-5][0-9]{2})([ -]|$)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of SMTP or FTP: its code and the texts of its lines."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"“{excerpt(f'{self.code} {self.lines[0]}'.strip())}”"


async def read_reply(stream: Stream, protocol: str) -> Reply:
    """The next answer, of one line or several.

    Raises:
        Broken: there is none.
    """
    first = await _text_line(stream)
    found = _REPLY.fullmatch(first)
    if found is None:
        raise Broken(f"did not answer with {protocol}, but with {quoted(first)}")
    code, lines = found[1], [found[3]]
    line = first
    while line.startswith(f"{code}-") or not line.startswith(code):
        if len(lines) == MOST_LINES:
            raise Broken(f"sent an answer of more than {MOST_LINES} lines")
        line = await _text_line(stream)
        lines.append(line[4:] if line.startswith(code) else line)
    return Reply(int(code), tuple(lines))


async def read_greeting(stream: Stream, protocol: str) -> Reply:
    """The server's first words, where it is ready.

    Raises:
        Broken: it is not.
    """
    stream.wait_for("its greeting")
    reply = await read_reply(stream, protocol)
    if reply.code == 421:
        raise Broken(f"is not available now: said {reply} instead of 220")
    if reply.code != 220:
        raise Broken(f"said {reply} instead of 220")
    return reply


async def say_hello(stream: Stream) -> tuple[str, ...]:
    """Say EHLO; what the server offers, in capitals.

    Raises:
        Broken: it does not take the greeting.
    """
    stream.wait_for("the answer to EHLO")
    await stream.send(f"EHLO {_own_name(stream)}\r\n".encode())
    reply = await read_reply(stream, "SMTP")
    if reply.code != 250:
        raise Broken(f"said {reply} to EHLO instead of 250")
    return tuple(excerpt(line.upper().strip()) for line in reply.lines[1:])


async def ask_smtp(stream: Stream, offered: tuple[str, ...]) -> None:
    """Agree with an SMTP server that has said what it offers to begin TLS.

    Raises:
        Broken: it does not.
    """
    if "STARTTLS" not in offered:
        raise Broken("does not offer STARTTLS")
    stream.wait_for("the answer to STARTTLS")
    await stream.send(b"STARTTLS\r\n")
    reply = await read_reply(stream, "SMTP")
    if reply.code != 220:
        raise Broken(f"said {reply} to STARTTLS instead of 220")


async def _begin_smtp(stream: Stream) -> None:
    await read_greeting(stream, "SMTP")
    await ask_smtp(stream, await say_hello(stream))


async def _begin_ftp(stream: Stream) -> None:
    await read_greeting(stream, "FTP")
    stream.wait_for("the answer to AUTH TLS")
    await stream.send(b"AUTH TLS\r\n")
    reply = await read_reply(stream, "FTP")
    if reply.code != 234:
        raise Broken(f"said {reply} to AUTH TLS instead of 234")


async def _begin_imap(stream: Stream) -> None:
    stream.wait_for("its greeting")
    greeting = await _text_line(stream)
    if greeting.upper().startswith("* BYE"):
        raise Broken(f"is not available now: said {quoted(greeting)}")
    if not greeting.upper().startswith(("* OK", "* PREAUTH")):
        raise Broken(f"did not answer with IMAP, but with {quoted(greeting)}")
    stream.wait_for("the answer to STARTTLS")
    await stream.send(b"a STARTTLS\r\n")
    for _ in range(MOST_LINES):
        line = await _text_line(stream)
        if line.startswith("a "):
            break
    else:
        raise Broken(f"sent more than {MOST_LINES} lines before the answer to STARTTLS")
    if not line.upper().startswith("A OK"):
        raise Broken(f"said {quoted(line)} to STARTTLS")


async def _begin_pop3(stream: Stream) -> None:
    stream.wait_for("its greeting")
    for asked in ("", "STLS"):
        if asked:
            stream.wait_for(f"the answer to {asked}")
            await stream.send(f"{asked}\r\n".encode())
        line = await _text_line(stream)
        if line.upper().startswith("-ERR"):
            raise Broken(f"said {quoted(line)}{asked and f' to {asked}'}")
        if not line.upper().startswith("+OK"):
            raise Broken(f"did not answer with POP3, but with {quoted(line)}")


BEGIN: dict[str, Callable[[Stream], Awaitable[None]]] = {
    "smtp": _begin_smtp,
    "imap": _begin_imap,
    "pop3": _begin_pop3,
    "ftp": _begin_ftp,
    "ldap": begin_ldap,
    "postgres": begin_postgres,
    "mysql": begin_mysql,
}
"""For each protocol, how to get a connection to the point where TLS begins. Raises `Broken`."""


async def _text_line(stream: Stream) -> str:
    return (await stream.read_line()).decode("utf-8", errors="replace")


def _own_name(stream: Stream) -> str:
    """The name to greet with: an address, which is valid on any machine."""
    address = stream.own_address.partition("%")[0]
    return f"[IPv6:{address}]" if ipaddress.ip_address(address).version == 6 else f"[{address}]"
