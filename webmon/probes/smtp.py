"""The `smtp` probe: a mail server that greets, and takes a greeting, encrypted where asked for."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from webmon.clock import utcnow
from webmon.probes.base import Outcome, ProbeConfig, Target, down, unable, up
from webmon.probes.wire.addresses import Unreachable
from webmon.probes.wire.certificates import validity_evidence
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.host_names import server_name_of
from webmon.probes.wire.starttls import ask_smtp, read_greeting, read_reply, say_hello
from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import excerpt, milliseconds
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.trusting import Authorities

MOST_CAPABILITIES = 30
MOST_MESSAGE_CHARACTERS = 300
GOODBYE_SECONDS = 1.0


class SmtpConfig(ProbeConfig):
    """A mail server's port, and how the connection is encrypted."""

    port: int = Field(default=25, title="Port", ge=1, le=65535)
    starttls: bool = Field(
        default=False, title="STARTTLS", description="The connection must become encrypted"
    )
    tls: bool = Field(
        default=False, title="TLS from the start", description="As on port 465, instead of STARTTLS"
    )
    verify_tls: bool = Field(
        default=True,
        title="Verify the certificate",
        description="When off, an invalid certificate is accepted",
    )
    authorities: Authorities = None
    address_family: AddressFamily = "auto"

    @field_validator("tls")
    @classmethod
    def _is_one_of_two(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("starttls"):
            raise ValueError("cannot be used together with starttls")
        return value


@dataclass(slots=True)
class Greeting:
    """What the server said of itself."""

    banner: str = ""
    offered: tuple[str, ...] = ()


async def probe_smtp(config: SmtpConfig, target: Target, timeout: float) -> Outcome:
    """Greet once, within ``timeout`` seconds; nothing a server does raises."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    if config.tls or config.starttls:
        context_for(
            Trust(config.verify_tls, authorities=config.authorities or "")
        )  # made before the clock starts
    deadline = asyncio.get_running_loop().time() + timeout
    greeting = Greeting()
    with Stream() as stream:
        try:
            async with asyncio.timeout_at(deadline):
                await _greet(config, stream, greeting, host)
        except TimeoutError:
            message = f"no answer within {timeout:g} s ({stream.step})"
        except (Unreachable, Broken) as error:
            message = str(error)
        else:
            outcome = _up(stream, greeting)
            await _say_goodbye(stream, deadline)
            return outcome
    return down(
        excerpt(message, MOST_MESSAGE_CHARACTERS),
        phases=stream.phases,
        evidence=_evidence(stream, greeting),
    )


async def _greet(config: SmtpConfig, stream: Stream, greeting: Greeting, host: str) -> None:
    server_name = server_name_of(host)
    await stream.connect(host, config.port)
    if config.tls:
        await stream.start_tls(
            Trust(config.verify_tls, authorities=config.authorities or ""), server_name
        )
    banner = await read_greeting(stream, "SMTP")
    greeting.banner = excerpt(banner.lines[0])
    greeting.offered = await say_hello(stream)
    if config.starttls:
        await ask_smtp(stream, greeting.offered)
        await stream.start_tls(
            Trust(config.verify_tls, authorities=config.authorities or ""), server_name
        )
        greeting.offered = await say_hello(stream)


async def _say_goodbye(stream: Stream, deadline: float) -> None:
    """Servers write about clients that just go away; whether this works is of no interest."""
    latest = min(deadline, asyncio.get_running_loop().time() + GOODBYE_SECONDS)
    with contextlib.suppress(TimeoutError, Broken):
        async with asyncio.timeout_at(latest):
            await stream.send(b"QUIT\r\n")
            await read_reply(stream, "SMTP")


def _up(stream: Stream, greeting: Greeting) -> Outcome:
    taken_us = stream.elapsed_us
    how = f" over {stream.tls_version}" if stream.tls_version else ""
    return up(
        f"{stream.endpoint} greets{how}, in {milliseconds(taken_us)}",
        taken_us,
        stream.phases,
        **_evidence(stream, greeting),
    )


def _evidence(stream: Stream, greeting: Greeting) -> dict[str, Any]:
    evidence: dict[str, Any] = stream.facts
    if greeting.banner:
        evidence["banner"] = greeting.banner
    if greeting.offered:
        evidence["capabilities"] = list(greeting.offered[:MOST_CAPABILITIES])
    if stream.tls_version:
        evidence["protocol"] = stream.tls_version
    if stream.chain:
        evidence["certificate"] = validity_evidence(stream.chain, utcnow())
    return evidence
