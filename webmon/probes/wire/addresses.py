"""From a host name to an open connection, for every probe that speaks over TCP."""

import asyncio
import contextlib
import errno
import functools
import ipaddress
import os
import socket
import threading
from collections.abc import Callable
from itertools import zip_longest
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from webmon.guard import NotAllowed, require_allowed
from webmon.probes.wire.families import AUTO, FAMILIES, present_family
from webmon.probes.wire.host_names import ascii_name, name_to_look_up

STAGGER_SECONDS = 0.25
"""How long one address is waited for before the next one is tried as well (RFC 8305)."""

MOST_ADDRESSES = 6


class Unreachable(Exception):
    """There is no connection; the text says why, naming the address."""


class Endpoint(NamedTuple):
    """A resolved address, ready for a socket."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        return str(self.sockaddr[0])

    @property
    def port(self) -> int:
        return int(self.sockaddr[1])

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@functools.lru_cache(maxsize=4096)
def literal_endpoint(host: str, port: int) -> Endpoint | None:
    """The endpoint of an IP address, None for a name. IPv6 may stand in square brackets."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return Endpoint(socket.AF_INET, (str(address), port))
    flags = socket.AI_NUMERICHOST
    try:  # a literal is not looked up; this turns the name of a scope (%eth0) into its number
        found = socket.getaddrinfo(str(address), port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        return None
    return Endpoint(socket.AF_INET6, found[0][4])


Lookup = list[Endpoint] | Exception

_under_way: WeakKeyDictionary[
    asyncio.AbstractEventLoop, dict[tuple[str, int], asyncio.Future[Lookup]]
] = WeakKeyDictionary()


async def resolve(host: str, port: int) -> list[Endpoint]:
    """The endpoints of a host name, in the order in which they should be tried; those of the
    present family.

    Raises:
        Unreachable: there is no such name, or nobody could say, or none is of that family.
    """
    literal = literal_endpoint(host, port)
    endpoints = [literal] if literal is not None else await look_up(host, port)
    return endpoints if present_family() == AUTO else of_present_family(endpoints, host)


def of_present_family(endpoints: list[Endpoint], whose: str) -> list[Endpoint]:
    """Those of the family that was chosen.

    Raises:
        Unreachable: none is; ``whose`` names them.
    """
    family = present_family()
    found = [each for each in endpoints if each.family == FAMILIES.get(family, each.family)]
    if endpoints and not found:
        raise Unreachable(f"{whose} has no IPv{family} address")
    return found


async def look_up(host: str, port: int) -> list[Endpoint]:
    """The endpoints of a host name of every family, in the order in which they should be tried.

    Each lookup has a thread of its own, and checks that ask for the same name at the same time
    share it: a name that hangs delays no other name and does not hold up the end of the process.

    Raises:
        Unreachable: there is no such name, or nobody could say.
    """
    check_name(host)
    loop = asyncio.get_running_loop()
    lookups = _under_way.setdefault(loop, {})
    lookup = lookups.get((host, port))
    if lookup is None:
        lookup = lookups[host, port] = loop.create_future()
        lookup.add_done_callback(lambda _: lookups.pop((host, port), None))
        threading.Thread(target=_look_up, args=(host, port, loop, lookup), daemon=True).start()
    found = await asyncio.shield(lookup)
    if isinstance(found, Exception):
        raise Unreachable(_lookup_failure(host, found)) from None
    return found


def check_name(host: str) -> None:
    """Refuse what cannot be the name of a host before anything is looked up.

    Raises:
        Unreachable: it cannot; the text helps.
    """
    try:
        ascii_name(host)
    except ValueError as error:
        raise Unreachable(str(error)) from None


def _look_up(
    host: str, port: int, loop: asyncio.AbstractEventLoop, lookup: asyncio.Future[Lookup]
) -> None:
    found: Lookup
    try:
        rows = socket.getaddrinfo(name_to_look_up(host), port, type=socket.SOCK_STREAM)
        found = _in_turns([Endpoint(row[0], row[4]) for row in rows])[:MOST_ADDRESSES]
    except (OSError, UnicodeError, ValueError) as error:
        found = error
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
        loop.call_soon_threadsafe(lookup.set_result, found)


def takes_connection(place: str, seconds: float) -> bool:
    """Whether ``host:port`` takes a connection within ``seconds``. Blocks; a look-up may take
    longer than that."""
    host, _, port = place.rpartition(":")
    try:
        name = name_to_look_up(host.strip("[]"))
        with socket.create_connection((name, int(port)), seconds) as opened:
            return bool(opened.getsockname() != opened.getpeername())
    except (OSError, ValueError):
        return False


def _in_turns(endpoints: list[Endpoint]) -> list[Endpoint]:
    """IPv6 and IPv4 in turns (RFC 8305, 4): where one leads nowhere, the other comes soon."""
    first = [each for each in endpoints if each.family == endpoints[0].family]
    others = [each for each in endpoints if each.family != endpoints[0].family]
    return [each for pair in zip_longest(first, others) for each in pair if each is not None]


def _lookup_failure(host: str, error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return f"cannot look up {host}: the name server does not answer"
        if error.errno not in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
            return f"cannot look up {host}: {error.strerror}"
    return f"no such host: {host}"


def allowed(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Those of ``endpoints`` that may be connected to here.

    Raises:
        NotAllowed: none may.
    """
    found, refused = [], None
    for each in endpoints:
        try:
            require_allowed(each.ip)
        except NotAllowed as error:
            refused = refused or error
        else:
            found.append(each)
    if refused is not None and not found:
        raise refused
    return found


async def open_socket(endpoints: list[Endpoint]) -> tuple[socket.socket, Endpoint]:
    """A connected socket to whichever of ``endpoints`` answers first.

    They are tried in order, each a moment after the one before it, at once when that one failed.

    Raises:
        Unreachable: none of them can be connected to.
        NotAllowed: none of them may be connected to.
    """
    waiting = allowed(endpoints)
    attempts: dict[asyncio.Task[socket.socket], Endpoint] = {}
    failures: list[tuple[Endpoint, OSError]] = []
    try:
        while waiting or attempts:
            if waiting:
                endpoint = waiting.pop(0)
                attempts[asyncio.create_task(_open_one(endpoint))] = endpoint
            done, _ = await asyncio.wait(
                attempts,
                timeout=STAGGER_SECONDS if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                endpoint = attempts.pop(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result(), endpoint
                if not isinstance(error, OSError):
                    raise error
                failures.append((endpoint, error))
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(_close_late_winner)
    raise Unreachable(connect_failure(failures))


def _close_late_winner(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _open_one(endpoint: Endpoint) -> socket.socket:
    opened = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, endpoint.sockaddr)
        require_other_end(opened.getsockname(), endpoint)
    except BaseException:
        opened.close()
        raise
    return opened


def require_other_end(own: tuple[Any, ...], endpoint: Endpoint) -> None:
    """Refuse a connection that has connected to itself.

    TCP allows it where the system gives an attempt the very port that it asks for, and nobody
    listens there: what is said over it is only heard by who said it.

    Raises:
        ConnectionRefusedError: ``own``, the address of this end, is the other one as well.
    """
    if own[1] == endpoint.port and own[0] == endpoint.ip:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "connected to itself")


_REASONS: dict[int, Callable[[str], str]] = {
    errno.ECONNREFUSED: "connection refused by {}".format,
    errno.EHOSTUNREACH: "no route to {}".format,
    errno.ENETUNREACH: "no network leads to {}".format,
    errno.ETIMEDOUT: "{} did not answer the attempt to connect".format,
    errno.ECONNRESET: "connection reset by {}".format,
    errno.EMFILE: "this monitor has too many files open to connect to {}".format,
}


def connect_failure(failures: list[tuple[Endpoint, OSError]]) -> str:
    """Why nothing could be connected to: each reason once, with the addresses it holds for."""
    places: dict[Callable[[str], str], list[str]] = {}
    for endpoint, error in failures:
        number = error.errno or 0
        reason = _REASONS.get(number) or _other_reason(number)
        places.setdefault(reason, []).append(str(endpoint))
    return "; ".join(reason(" and ".join(names)) for reason, names in places.items())


@functools.cache
def _other_reason(number: int) -> Callable[[str], str]:
    text = os.strerror(number).lower() if number else "the connection failed"
    return (f"cannot connect to {{}}: {text}").format
