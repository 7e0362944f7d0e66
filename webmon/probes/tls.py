"""The `tls` probe: a certificate that is valid, for this name, and for long enough."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from webmon.clock import utcnow
from webmon.domain.status import Status
from webmon.probes.base import Outcome, ProbeConfig, Target, down, unknown
from webmon.probes.wire.addresses import Unreachable, literal_endpoint
from webmon.probes.wire.certificates import Certificate, tls_context
from webmon.probes.wire.host_names import ascii_name, server_name_of
from webmon.probes.wire.starttls import BEGIN
from webmon.probes.wire.stream import Broken, Stream
from webmon.probes.wire.texts import excerpt

MOST_NAMES = 20
MOST_MESSAGE_CHARACTERS = 300

_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.[\w-]{1,63})*\.?")


def _checked_name(name: str | None) -> str | None:
    if not name:
        return None
    name = ascii_name(name)
    if len(name) > 253 or not (_NAME.fullmatch(name) or literal_endpoint(name, 0)):
        raise ValueError("must be a host name such as www.example.org")
    return name.rstrip(".")


ServerName = Annotated[
    str | None,
    AfterValidator(_checked_name),
    BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value),
]


class TlsConfig(ProbeConfig):
    """A port that speaks TLS, and how long its certificate must be valid."""

    port: int = Field(default=443, title="Port", ge=1, le=65535)
    server_name: ServerName = Field(
        default=None,
        title="Server name",
        description="Name on the certificate; empty: the host's address",
    )
    starttls: Annotated[
        Literal["smtp", "imap", "ftp"] | None,
        BeforeValidator(lambda value: None if value == "" else value),
    ] = Field(
        default=None,
        title="STARTTLS",
        description="Protocol spoken before TLS begins; empty: TLS from the start",
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
        return unknown("the host has no address")
    context = tls_context(True, http=False)  # made before the clock starts
    server_name = config.server_name or server_name_of(host)
    with Stream() as stream:
        try:
            async with asyncio.timeout(timeout):
                await stream.connect(host, config.port)
                if config.starttls:
                    await BEGIN[config.starttls](stream)
                await stream.start_tls(context, server_name)
        except TimeoutError:
            message = f"no answer within {timeout:g} s ({stream.step})"
        except (Unreachable, Broken) as error:
            message = str(error)
        else:
            return _judged(config, stream, server_name, utcnow())
    return down(
        excerpt(message, MOST_MESSAGE_CHARACTERS),
        phases=stream.phases,
        evidence=_evidence(config, stream, server_name, utcnow()),
    )


def _judged(config: TlsConfig, stream: Stream, server_name: str, now: datetime) -> Outcome:
    """What is to be said of a certificate that was accepted."""
    evidence = _evidence(config, stream, server_name, now)
    taken_us, phases = stream.elapsed_us, stream.phases
    if stream.certificate is None:
        return Outcome(
            Status.UP, "the certificate was accepted but cannot be read", taken_us, phases, evidence
        )
    status = {None: Status.UP, "warn_days": Status.DEGRADED, "down_days": Status.DOWN}
    message = _validity(stream.certificate, now, passed=evidence["threshold"] is not None)
    return Outcome(status[evidence["threshold"]], message, taken_us, phases, evidence)


def _threshold(config: TlsConfig, left: timedelta) -> str | None:
    """The name of the limit that the time left has come below, the graver one first."""
    for name in ("down_days", "warn_days"):
        if left <= timedelta(days=getattr(config, name)):
            return name
    return None


def _validity(certificate: Certificate, now: datetime, *, passed: bool) -> str:
    left = certificate.not_after - now
    length = _length(left)
    if passed:
        return f"certificate expires in {length}"
    until = certificate.not_after.astimezone(UTC)
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
    certificate = stream.certificate
    if certificate is None:
        return evidence
    return evidence | {
        "subject": certificate.subject,
        "names": [excerpt(name) for name in certificate.names[:MOST_NAMES]],
        "names_total": len(certificate.names),
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "sha256": certificate.fingerprint,
        "key": certificate.key,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "days_left": certificate.days_left(now),
        "threshold": _threshold(config, certificate.not_after - now),
    }
