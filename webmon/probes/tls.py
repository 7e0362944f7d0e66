"""The `tls` probe: a certificate that is valid, for this name, and for long enough."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from webmon.clock import utcnow
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, ProbeConfig, Target, down, unable
from webmon.probes.wire.addresses import Unreachable
from webmon.probes.wire.binary_starttls import leave_mysql
from webmon.probes.wire.certificates import Certificate, first_to_end
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.host_names import server_name_of
from webmon.probes.wire.stapled import revocation, stapled_answer
from webmon.probes.wire.starttls import BEGIN
from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import excerpt
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_failures import WANTS_CERTIFICATE
from webmon.probes.wire.tls_session import CertificateWanted
from webmon.probes.wire.trusting import Authorities, ClientCertificate, ClientPassphrase, ServerName

MOST_NAMES = 20
MOST_MESSAGE_CHARACTERS = 300
LONGEST_WAIT_SECONDS = 0.5
OTHER_PROTOCOLS = frozenset(
    {
        465,
        563,
        636,
        853,
        989,
        990,
        992,
        993,
        994,
        995,
        3269,
        5061,
        5223,
        5269,
        5270,
        5671,
        6697,
        8883,
    }
)
"""Ports of TLS where no web server is: what is offered there for the web may be refused."""


class TlsConfig(ProbeConfig):
    """A port that speaks TLS, and how long its certificate must be valid."""

    port: int = Field(default=443, title="Port", ge=1, le=65535)
    server_name: ServerName = Field(
        default=None,
        title="Server name",
        description="Name on the certificate; empty: the host's address",
    )
    starttls: Annotated[
        Literal["smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql"] | None,
        BeforeValidator(lambda value: None if value == "" else value),
    ] = Field(
        default=None,
        title="STARTTLS",
        description="Protocol spoken before TLS begins; empty: TLS from the start",
    )
    tls_strict: bool = Field(
        default=False,
        title="Difficulties with old encryption",
        description="Browsers still take it: exchange of keys by RSA, CBC, no RFC 5746",
    )
    warn_days: int = Field(
        default=14,
        title="Difficulties when it expires within (days)",
        ge=1,
        le=3650,
    )
    down_days: int = Field(
        default=0,
        title="Down when it expires within (days)",
        description="0: when it has expired",
        ge=0,
        le=3650,
    )

    authorities: Authorities = None
    client_certificate: ClientCertificate = None
    client_passphrase: ClientPassphrase = None
    address_family: AddressFamily = "auto"

    @field_validator("down_days")
    @classmethod
    def _is_less(cls, value: int, info: ValidationInfo) -> int:
        if "warn_days" in info.data and value >= info.data["warn_days"]:
            raise ValueError(f"must be less than warn_days, which is {info.data['warn_days']}")
        return value


async def probe_tls(config: TlsConfig, target: Target, timeout: float) -> Outcome:
    """Shake hands once, within ``timeout`` seconds; nothing a server does raises."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    trust = _trust(config)
    context_for(trust)  # made before the clock starts
    server_name = config.server_name or server_name_of(host)
    deadline = asyncio.get_running_loop().time() + timeout
    with Stream() as stream:
        try:
            async with asyncio.timeout_at(deadline):
                await stream.connect(host, config.port)
                if config.starttls:
                    await BEGIN[config.starttls](stream)
                await stream.start_tls(trust, server_name)
                wanted = await _wants_certificate(stream)
        except TimeoutError:
            message = f"no answer within {timeout:g} s ({stream.step})"
        except (Unreachable, Broken) as error:
            if isinstance(error.__cause__, CertificateWanted):
                return _judged(config, stream, server_name, utcnow(), True)
            message = str(error)
        else:
            outcome = _judged(config, stream, server_name, utcnow(), wanted)
            if config.starttls == "mysql" and not wanted:
                await leave_mysql(stream)
            return await _unless_revoked(config, stream, outcome, server_name, deadline)
    return down(
        excerpt(message, MOST_MESSAGE_CHARACTERS),
        phases=stream.phases,
        evidence=_evidence(config, stream, server_name, utcnow()),
    )


async def _unless_revoked(
    config: TlsConfig, stream: Stream, outcome: Outcome, server_name: str, deadline: float
) -> Outcome:
    """Down where the server itself says so; if it says nothing in time, nothing is known."""
    if stream.certificate is None or not stream.certificate.names_responder:
        return outcome
    stream.close()  # some servers take one connection at a time
    try:
        async with asyncio.timeout_at(deadline):
            answer = await stapled_answer(stream, server_name, config.starttls)
    except (TimeoutError, Unreachable, Broken):
        return outcome
    if answer is None:
        return outcome
    evidence = outcome.evidence | {"ocsp": answer.certificate_status.name.lower()}
    if text := revocation(answer, utcnow()):
        return replace(outcome, status=Status.DOWN, message=text, evidence=evidence)
    return replace(outcome, evidence=evidence)


def _trust(config: TlsConfig) -> Trust:
    """As browsers, where a browser may be the one that comes."""
    is_for_browsers = config.starttls is None and config.port not in OTHER_PROTOCOLS
    offers = ("h2", "http/1.1") if is_for_browsers else ()
    trust = Trust(offers=offers, authorities=config.authorities or "")
    return trust.showing(config.client_certificate, config.client_passphrase)


async def _wants_certificate(stream: Stream) -> bool:
    """Whether the server turns away who shows no certificate; in TLS 1.3 it says so only after
    the handshake, and at once. Others say something else then, mostly a ticket."""
    if stream.tls_version != "TLSv1.3":
        return False
    patience = min(LONGEST_WAIT_SECONDS, 3 * (stream.tls_us or 0) / 1_000_000)
    with contextlib.suppress(TimeoutError, Broken):
        async with asyncio.timeout(patience):
            return await stream.wants_certificate()
    return False


def _judged(
    config: TlsConfig, stream: Stream, server_name: str, now: datetime, wants_certificate: bool
) -> Outcome:
    """What is to be said of a certificate that was accepted."""
    evidence = _evidence(config, stream, server_name, now)
    taken_us, phases = stream.elapsed_us, stream.phases
    if stream.certificate is None:
        return Outcome(
            Status.UP, "the certificate was accepted but cannot be read", taken_us, phases, evidence
        )
    status = {None: Status.UP, "warn_days": Status.DEGRADED, "down_days": Status.DOWN}
    message = _validity(stream.chain, now, passed=evidence["threshold"] is not None)
    if wants_certificate:
        message += f"; {WANTS_CERTIFICATE}"
    return _judged_strictly(
        config, stream, Outcome(status[evidence["threshold"]], message, taken_us, phases, evidence)
    )


def _judged_strictly(config: TlsConfig, stream: Stream, outcome: Outcome) -> Outcome:
    if config.tls_strict and stream.old_encryption and outcome.status is Status.UP:
        message = f"old encryption: {stream.old_encryption}; {outcome.message}"
        return replace(outcome, status=Status.DEGRADED, message=message)
    return outcome


def _threshold(config: TlsConfig, left: timedelta) -> str | None:
    """The name of the limit that the time left has come below, the graver one first."""
    for name in ("down_days", "warn_days"):
        if left <= timedelta(days=getattr(config, name)):
            return name
    return None


def _validity(chain: tuple[Certificate, ...], now: datetime, *, passed: bool) -> str:
    first = first_to_end(chain)
    length = _length(first.not_after - now)
    if passed:
        whose = "" if first is chain[0] else f" of the authority “{first.subject}”"
        return f"certificate{whose} expires in {length}"
    until = first.not_after.astimezone(UTC)
    return f"valid for {length} (until {until.day} {until:%B %Y})"


def _length(left: timedelta) -> str:
    if left.days:
        return f"{left.days} day{'s' if left.days > 1 else ''}"
    hours = left.seconds // 3600
    return f"{hours} hour{'s' if hours > 1 else ''}" if hours else "less than an hour"


def _evidence(config: TlsConfig, stream: Stream, server_name: str, now: datetime) -> dict[str, Any]:
    """What was met. ``issuer`` and ``threshold`` are for comparing with the check before."""
    evidence = {**stream.facts, "server_name": server_name}
    if stream.tls_version:
        evidence |= {"protocol": stream.tls_version, "cipher": stream.cipher}
    if config.starttls:
        evidence["starttls"] = config.starttls
    if stream.old_encryption:
        evidence["old_encryption"] = stream.old_encryption
    certificate = stream.certificate
    if certificate is None:
        return evidence
    first = first_to_end(stream.chain)
    if first is not certificate:
        evidence |= {
            "ends_first": first.subject,
            "own_not_after": certificate.not_after.isoformat(),
        }
    return evidence | {
        "subject": certificate.subject,
        "names": [excerpt(name) for name in certificate.names[:MOST_NAMES]],
        "names_total": len(certificate.names),
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "sha256": certificate.fingerprint,
        "key": certificate.key,
        "not_before": certificate.not_before.isoformat(),
        "not_after": first.not_after.isoformat(),
        "days_left": first.days_left(now),
        "threshold": _threshold(config, first.not_after - now),
    }
