"""The `dns` probe: a name server that gives the right answer."""

import asyncio
import time
from typing import Annotated, Any, Literal

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdata
import dns.resolver
import dns.reversename
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Phases, ProbeConfig, Target, down, unable
from webmon.probes.name_servers.answers import (
    end_of_alias,
    expected_parts,
    has_all,
    listed,
    text_of,
)
from webmon.probes.name_servers.query import PORT, DnsAnswer, Failure, Inquiry, place
from webmon.probes.wire.addresses import (
    Endpoint,
    Unreachable,
    allowed,
    literal_endpoint,
    of_present_family,
    resolve,
)
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.texts import excerpt, milliseconds

MOST_ANSWERS = 20
MOST_MESSAGE_CHARACTERS = 300

RecordType = Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "CAA", "PTR"]
Rcode = Literal["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"]


def _checked_name(name: str) -> str:
    name = name.strip()
    try:
        _queried_name(name, "A")
    except (dns.exception.DNSException, UnicodeError, ValueError):
        raise ValueError("must be a name such as www.example.org") from None
    return name


def _queried_name(name: str, record: str) -> dns.name.Name:
    if record == "PTR" and literal_endpoint(name, 0):
        return dns.reversename.from_address(name)
    return dns.name.from_text(name)


def _split_resolver(text: str) -> tuple[str, int]:
    """``10.0.0.1``, ``10.0.0.1:5353``, ``[::1]:53``, ``::1`` or ``ns.example.org`` as (host, port).

    Raises:
        ValueError: it is none of these.
    """
    host, colon, port = text.rpartition(":")
    if not colon or literal_endpoint(text, 0):
        host, port = text, str(PORT)
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("must be an address such as 10.0.0.1, 10.0.0.1:5353 or ns.example.org")
    return host.strip("[]"), int(port)


def _checked_resolver(text: str | None) -> str | None:
    if text:
        _split_resolver(text)
    return text or None


def _checked_expect(text: str | None) -> str | None:
    if text is not None and not expected_parts(text):
        raise ValueError("must be an answer such as 192.0.2.7, or several separated by commas")
    return text


def _joined(value: Any) -> Any:
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _stripped(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


class DnsConfig(ProbeConfig):
    """A question, who is asked, and what must be answered."""

    name: Annotated[str, AfterValidator(_checked_name)] = Field(
        title="Name to look up", description="Such as www.example.org", min_length=1, max_length=255
    )
    record: Annotated[RecordType, BeforeValidator(_upper)] = Field(default="A", title="Record")
    resolver: Annotated[
        str | None, AfterValidator(_checked_resolver), BeforeValidator(_stripped)
    ] = Field(
        default=None,
        title="Name server",
        description="An address or name, with :port if not 53; empty: the monitor's own",
        max_length=255,
    )
    rcode: Annotated[Rcode, BeforeValidator(_upper)] = Field(
        default="NOERROR",
        title="Expected answer code",
        description="NXDOMAIN: the name must not exist",
    )
    expect: Annotated[
        str | None,
        AfterValidator(_checked_expect),
        BeforeValidator(_stripped),
        BeforeValidator(_joined),
    ] = Field(
        default=None,
        title="Expected answer",
        description="Separate several with commas; all must be present; empty: any answer",
        max_length=1000,
    )
    address_family: AddressFamily = "auto"

    @field_validator("expect")
    @classmethod
    def _needs_an_answer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("rcode", "NOERROR") != "NOERROR":
            raise ValueError("cannot be used where the name must not be answered")
        return value

    @property
    def needs_address(self) -> bool:
        """See `ProbeConfig.needs_address`."""
        return False

    @property
    def places(self) -> dict[str, str]:
        """See `ProbeConfig.places`."""
        return {"resolver": _split_resolver(self.resolver)[0]} if self.resolver else {}


async def probe_dns(config: DnsConfig, _target: Target, timeout: float) -> Outcome:
    """Ask, for at most ``timeout`` seconds; nothing a server answers raises."""
    inquiry = Inquiry(_queried_name(config.name, config.record), config.record)
    started = time.perf_counter()
    looked_up_us: int | None = None
    try:
        async with asyncio.timeout(timeout):
            servers = await _servers(config)
            if config.resolver and literal_endpoint(_split_resolver(config.resolver)[0], 0) is None:
                looked_up_us = round((time.perf_counter() - started) * 1_000_000)
            found = await inquiry.ask(servers)
    except TimeoutError:
        return down(_silence(config, inquiry, timeout), evidence=_question(config, inquiry))
    except Unreachable as error:
        return down(f"there is no name server to ask: {error}", evidence=_question(config, inquiry))
    except dns.resolver.NoResolverConfiguration:
        text = "this monitor has no name server of its own: set one for this service"
        return unable(text, evidence=_question(config, inquiry))
    return _judged(config, inquiry, found, looked_up_us)


async def _servers(config: DnsConfig) -> list[Endpoint]:
    if config.resolver:
        return allowed(await resolve(*_split_resolver(config.resolver)))
    # The monitor's own are its system's choice, and often have a link-local address.
    own = dns.resolver.Resolver()
    found = (literal_endpoint(str(each), own.port) for each in own.nameservers)
    servers = [each for each in found if each is not None]
    return of_present_family(servers, "this monitor's resolver")


def _judged(
    config: DnsConfig, inquiry: Inquiry, found: DnsAnswer | Failure, looked_up_us: int | None
) -> Outcome:
    answer = found.answer if isinstance(found, Failure) else found
    evidence = _question(config, inquiry)
    if answer is None:
        assert isinstance(found, Failure)
        return down(excerpt(found.text, MOST_MESSAGE_CHARACTERS), evidence=evidence)
    records, ttl, fault = _records(config, answer)
    said = f"answers {listed([text_of(each) for each in records])}"
    if config.rcode != "NOERROR":
        said = f"answers {answer.rcode}"
        fault = None if answer.rcode == config.rcode else f"{said}, expected {config.rcode}"
    elif isinstance(found, Failure):
        fault = found.text
    elif fault is None and config.expect and not has_all(records, config.expect):
        fault = f"{said}, expected {config.expect}"
    return Outcome(
        Status.UP if fault is None else Status.DOWN,
        excerpt(fault or f"{said}, in {milliseconds(answer.taken_us)}", MOST_MESSAGE_CHARACTERS),
        answer.taken_us,
        Phases(dns_us=looked_up_us, first_byte_us=answer.taken_us),
        evidence | _reply(answer, records, ttl),
    )


def _records(
    config: DnsConfig, answer: DnsAnswer
) -> tuple[list[dns.rdata.Rdata], int | None, str | None]:
    """The records asked for, through aliases too, and their TTL; or why there are none."""
    target = end_of_alias(answer.message)
    about = f"{config.name} is an alias of {excerpt(target)}, which" if target else config.name
    if answer.message.rcode() != dns.rcode.NOERROR:
        return [], None, f"{about} does not exist ({answer.rcode})"
    try:
        chain = answer.message.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException:
        return [], None, f"resolver {place(answer.endpoint)} sent an answer that leads nowhere"
    if chain.answer:
        return list(chain.answer), int(chain.minimum_ttl), None
    if not answer.message.flags & (dns.flags.AA | dns.flags.RA):
        return [], None, f"resolver {place(answer.endpoint)} only names other servers to ask"
    return [], None, f"{about} has no {config.record} record"


def _silence(config: DnsConfig, inquiry: Inquiry, timeout: float) -> str:
    if not inquiry.asked:
        return f"no answer within {timeout:g} s (looking up the name server {config.resolver})"
    strange = ", only packets that do not answer the question" if inquiry.strange else ""
    return f"no answer within {timeout:g} s from {inquiry.places}{strange}"


def _question(config: DnsConfig, inquiry: Inquiry) -> dict[str, Any]:
    return {"name": config.name, "record": config.record, "resolver": inquiry.places or None}


def _reply(answer: DnsAnswer, records: list[dns.rdata.Rdata], ttl: int | None) -> dict[str, Any]:
    return {
        "resolver": place(answer.endpoint),
        "transport": answer.transport,
        "rcode": answer.rcode,
        "authenticated": bool(answer.message.flags & dns.flags.AD),
        "answers": [excerpt(text_of(each)) for each in records[:MOST_ANSWERS]],
        "answers_total": len(records),
        "ttl": ttl,
    }
