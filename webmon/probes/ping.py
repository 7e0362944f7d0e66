"""The `ping` probe: how many of a few ICMP echo requests are answered, and how fast."""

import asyncio
import errno
import os
import socket
import time
from typing import Any

from pydantic import Field

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Phases, ProbeConfig, Target, down, unable
from webmon.probes.wire import icmp
from webmon.probes.wire.addresses import (
    Endpoint,
    Unreachable,
    allowed,
    literal_endpoint,
    resolve,
)
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.texts import milliseconds

SPACING_SECONDS = 0.2
RECEIVE_BYTES = 2048

_REASONS = {
    errno.EHOSTUNREACH: "no route to {}",
    errno.ENETUNREACH: "no network leads to {}",
    errno.ECONNREFUSED: "{} refuses to be pinged",
    errno.EACCES: "a rule on the way forbids to ping {}",
    errno.EPERM: "a firewall rule of this monitor forbids to ping {}",
    errno.EAFNOSUPPORT: "this monitor has no IPv6 to reach {}",
}


class PingConfig(ProbeConfig):
    """How many requests, and how many of them may be lost."""

    count: int = Field(default=3, title="Requests", ge=1, le=20)
    loss_warn_percent: int = Field(
        default=20,
        title="Difficulties when more is lost than (%)",
        description="If every packet is lost the service is down in any case",
        ge=0,
        le=100,
    )
    address_family: AddressFamily = "auto"


class Run:
    """The requests sent over one socket, and what came back."""

    def __init__(self, opened: socket.socket, endpoint: Endpoint, count: int) -> None:
        self.endpoint = endpoint
        self.sent_at: dict[int, float] = {}
        self.taken: dict[int, float] = {}
        self.failure: OSError | None = None
        self._opened = opened
        self._echo = icmp.Echo(endpoint.family)
        self._count = count
        self._lost: set[int] = set()
        self._done = asyncio.Event()

    async def hold(self, spacing: float) -> None:
        """Send all requests and wait until each has been answered, or refused."""
        self._listen()
        try:
            for sequence in range(self._count):
                if sequence:
                    await asyncio.sleep(spacing)
                self._send(sequence)
            self._finish()
            await self._done.wait()
        finally:
            asyncio.get_running_loop().remove_reader(self._opened)

    def _send(self, sequence: int) -> None:
        self.sent_at[sequence] = time.perf_counter()
        request = self._echo.request(sequence)
        try:
            self._opened.send(request)
        except OSError:
            # It may be about an earlier packet, and is then told by the next call, whichever it is.
            self._read_reports()
            try:
                self._opened.send(request)
            except OSError as error:
                self._fail(error, sequence)

    def _receive(self) -> None:
        now = time.perf_counter()
        while True:
            try:
                packet, sender = self._opened.recvfrom(RECEIVE_BYTES)
            except BlockingIOError:
                break
            except OSError:
                break  # it is in the queue of reports, too
            sequence = self._echo.sequence_of(packet) if self._is_asked(sender) else None
            if sequence in self.sent_at:
                self.taken.setdefault(sequence, now - self.sent_at[sequence])
        self._read_reports()
        self._finish()

    def _is_asked(self, sender: Any) -> bool:
        """A socket for pings gets answers from anybody, also one that is connected."""
        return not isinstance(sender, tuple) or sender[0] == self.endpoint.ip

    def _read_reports(self) -> None:
        while (report := icmp.read_report(self._opened)) is not None:
            if report.error is not None:
                self._fail(report.error, self._echo.sequence_of_request(report.packet))
            self._listen()

    def _listen(self) -> None:
        """Once more after an error, too: uvloop stops listening to a socket that had one."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._opened)
        loop.add_reader(self._opened, self._receive)

    def _fail(self, error: OSError, sequence: int | None) -> None:
        """One that names no packet is about the last one."""
        self._lost.add(len(self.sent_at) - 1 if sequence is None else sequence)
        self.failure = error

    def _finish(self) -> None:
        if len(self.sent_at) == self._count <= len(self.taken.keys() | self._lost):
            self._done.set()


async def probe_ping(config: PingConfig, target: Target, timeout: float) -> Outcome:
    """Ping, for at most ``timeout`` seconds. Where this is not allowed, nothing is known."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    started = time.perf_counter()
    deadline = asyncio.get_running_loop().time() + timeout
    try:
        async with asyncio.timeout_at(deadline):
            endpoints = allowed(await resolve(host, 0))
    except TimeoutError:
        return down(f"no answer within {timeout:g} s (looking up the name)")
    except Unreachable as error:
        return down(str(error))
    looked_up = literal_endpoint(host, 0) is None
    phases = Phases(dns_us=_microseconds(time.perf_counter() - started) if looked_up else None)
    try:
        opened, endpoint = _open_first(endpoints)
    except icmp.NotAllowed as error:
        return unable(str(error), phases=phases, evidence={"address": endpoints[0].ip})
    except OSError as error:
        evidence = {"address": endpoints[0].ip}
        return down(_reason(error, endpoints[0]), phases=phases, evidence=evidence)
    with opened:
        run = Run(opened, endpoint, config.count)
        try:
            async with asyncio.timeout_at(deadline):
                await run.hold(min(SPACING_SECONDS, timeout / (2 * config.count)))
        except TimeoutError:
            pass  # what has not come by now is lost
    return _judged(config, run, phases)


def _open_first(endpoints: list[Endpoint]) -> tuple[socket.socket, Endpoint]:
    """A socket to the first address to which this machine has a way."""
    failure = OSError()
    for endpoint in endpoints:
        try:
            return icmp.open_echo_socket(endpoint), endpoint
        except OSError as error:
            failure = error
    raise failure


def _reason(error: OSError, endpoint: Endpoint) -> str:
    number = error.errno or 0
    other = f"cannot ping {{}}: {os.strerror(number).lower()}"
    return _REASONS.get(number, other).format(endpoint.ip)


def _judged(config: PingConfig, run: Run, phases: Phases) -> Outcome:
    sent, received = config.count, len(run.taken)
    lost = sent - received
    percent = lost * 100 / sent
    evidence: dict[str, Any] = {
        "address": run.endpoint.ip,
        "sent": sent,
        "received": received,
        "loss_percent": round(percent, 1),
    }
    if run.failure is not None:
        evidence["error"] = _reason(run.failure, run.endpoint)
    if not received:
        silence = f"no answer to {sent} ping{'s' if sent > 1 else ''} from {run.endpoint.ip}"
        return down(evidence.get("error", silence), phases=phases, evidence=evidence)
    taken = list(run.taken.values())
    for name, seconds in (
        ("min_ms", min(taken)),
        ("mean_ms", sum(taken) / received),
        ("max_ms", max(taken)),
    ):
        evidence[name] = round(seconds * 1000, 3)
    mean_us = _microseconds(sum(taken) / received)
    status, message = Status.UP, f"{run.endpoint.ip} answers, in {milliseconds(mean_us)}"
    if lost:
        message = f"{lost} of {sent} pings lost ({percent:.0f} %)"
        status = Status.DEGRADED if percent > config.loss_warn_percent else Status.UP
    return Outcome(status, message, mean_us, phases, evidence)


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
