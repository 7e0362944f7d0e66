"""What can be set for the `http` probe, and the request it makes of it."""

import json
import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import httpx
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from webmon.probes.base import ProbeConfig
from webmon.probes.http_exchange.body_conditions import JsonScalar, parse_json_path, parse_statuses
from webmon.probes.http_exchange.conditions import (
    MOST_CONDITION_CHARACTERS,
    MOST_CONDITIONS,
    Condition,
    parse_conditions,
)
from webmon.probes.http_exchange.proxies import ProxyUrl
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.host_names import ascii_name
from webmon.probes.wire.tls_contexts import Trust
from webmon.probes.wire.trusting import Authorities, ClientCertificate, ClientPassphrase, ServerName
from webmon.proxies import Routes, of_environment, only_through, read_proxy

HEADERS = httpx.Headers(
    {
        "user-agent": "Beaconry (website monitor)",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "connection": "close",
    }
)
"""Every request has these; so made, all requests share them, which saves half of their memory."""
MOST_HEADERS = 50

SHORTEST_IN_QUERY = 6
"""A shorter value of a query (html, true, 2) is found in many answers, and is no secret."""

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]{0,8000}")
_AUTHORITY = re.compile(r"(https?://(?:[^/?#@]*@)?)([^/?#:@]+)", re.IGNORECASE)
_HOST = re.compile(rb"[0-9A-Za-z._:-]{1,253}")
_SECRET_HEADER = re.compile(
    r"authori[sz]ation|cookie|key|token|secret|password|credential|signature|session", re.IGNORECASE
)
_OURS = frozenset({"connection", "content-length", "proxy-authorization", "transfer-encoding"})


def _checked_url(value: str) -> str:
    value = value.strip()
    if not re.match(r"https?://", value, re.IGNORECASE):
        raise ValueError("must begin with http:// or https://")
    sent = _with_ascii_host(value)
    try:
        url = httpx.URL(sent)
        port = 80 if url.port is None else url.port
    except (httpx.InvalidURL, ValueError):
        raise ValueError("is not a valid address of a page") from None
    if url.userinfo:
        raise ValueError("must not hold a user or password; put them into basic_auth")
    if not url.raw_host:
        raise ValueError("must name a host, such as https://example.org/")
    if not _HOST.fullmatch(url.raw_host):
        raise ValueError("is not a valid address of a page")
    if not 1 <= port <= 65535:
        raise ValueError("must have a port from 1 to 65535")
    return value


def _with_ascii_host(url: str) -> str:
    """``url`` with its host as it is sent.

    Raises:
        ValueError: the name cannot be; the text helps.
    """
    found = _AUTHORITY.match(url)
    if found is None or found[2].isascii():
        return url
    return found[1] + ascii_name(found[2]) + url[found.end(2) :]


def netloc(url: httpx.URL) -> str:
    """Host and port as a request names them."""
    return url.netloc.decode("ascii")


def _checked_query(value: SecretStr | None) -> SecretStr | None:
    query = value.get_secret_value().strip().removeprefix("?") if value else ""
    if len(query) > 4000 or not query.isprintable() or "#" in query:
        raise ValueError("must be like page=2&key=value")
    return SecretStr(query) if query else None


def _status_text(value: Any) -> Any:
    """A number or a list of numbers, as YAML may have it, as the text it stands for."""
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(each) for each in value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _checked_statuses(value: str) -> str:
    parse_statuses(value)
    return value.strip()


def _checked_json_path(value: str) -> str:
    parse_json_path(value)
    return value.strip()


def _scalar(value: Any) -> Any:
    if value is not None and not isinstance(value, JsonScalar):
        raise ValueError("must be a text, a number, true or false")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a number that JSON knows")
    return value


def _checked_names(value: str) -> str:
    for name in filter(None, (each.strip() for each in value.split(","))):
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("must be names of headers, separated by commas")
    return value.strip()


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _lines(value: Any) -> Any:
    """A text of several lines, or a list of such, as a list of lines."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        return value
    return [line.strip() for each in value for line in each.split("\n") if line.strip()]


def _checked_conditions(value: list[str]) -> list[str]:
    if any(len(each) > MOST_CONDITION_CHARACTERS for each in value):
        raise ValueError(f"must have at most {MOST_CONDITION_CHARACTERS} characters each")
    parse_conditions(value)
    return value


Text = Annotated[str | None, BeforeValidator(_blank_is_none)]


class HttpConfig(ProbeConfig):
    """One request, and what its answer must be like."""

    url: Annotated[str, AfterValidator(_checked_url)] = Field(
        title="Address (URL)", description="Begins with http:// or https://", max_length=2000
    )
    query: Annotated[
        SecretStr | None, BeforeValidator(_blank_is_none), AfterValidator(_checked_query)
    ] = Field(
        default=None,
        title="Query",
        description="What follows the ? in the address; kept secret, as keys often are there",
    )
    method: Annotated[Method, BeforeValidator(_upper)] = Field(default="GET", title="Method")
    accepted_statuses: Annotated[
        str, BeforeValidator(_status_text), AfterValidator(_checked_statuses)
    ] = Field(
        default="200-399",
        title="Accepted statuses",
        description="Codes and ranges, such as 200-399 or 200, 204, 301-308",
        max_length=500,
    )
    expect_html: bool = Field(
        default=False, title="Must be HTML", description="The answer must be a web page"
    )
    contains: Text = Field(
        default=None,
        title="Must contain",
        description="A text the answer must contain, case-sensitive",
        max_length=1000,
    )
    not_contains: Text = Field(
        default=None,
        title="Must not contain",
        description="A text that means something is wrong",
        max_length=1000,
    )
    json_path: Annotated[
        str | None,
        AfterValidator(lambda value: value and _checked_json_path(value)),
        BeforeValidator(_blank_is_none),
    ] = Field(
        default=None,
        title="JSON path",
        description="Path of a value in the answer, such as status or a.b[0].c",
        max_length=200,
    )
    json_equals: Annotated[
        JsonScalar | None, BeforeValidator(_scalar), BeforeValidator(_blank_is_none)
    ] = Field(
        default=None,
        title="JSON value",
        description="The value at the JSON path, such as ok, 3 or true; empty: anything",
    )
    conditions: Annotated[
        list[str], BeforeValidator(_lines), AfterValidator(_checked_conditions)
    ] = Field(
        default=[],
        title="Conditions",
        description="One a line, such as header content-type contains json, body lacks error, "
        "json $.queue.length < 100, json $.items length >= 1 or json $.error absent",
        max_length=MOST_CONDITIONS,
    )
    headers: dict[str, SecretStr] = Field(
        default={}, title="Headers", description="Sent with the request; values are kept secret"
    )
    secret_headers: Annotated[str, AfterValidator(_checked_names)] = Field(
        default="",
        title="Secret headers",
        description="Names of headers whose values never appear in messages, besides "
        "Authorization, Cookie and those that end in Key, Token, Secret or Password",
        max_length=500,
    )
    body: Text = Field(
        default=None, title="Body", description="Sent with the request", max_length=65_536
    )
    basic_auth: SecretStr | None = Field(
        default=None, title="Basic authentication", description="user:password"
    )
    follow_redirects: bool = Field(
        default=False, title="Follow redirects", description="At most 10; the last answer counts"
    )
    must_be_https: bool = Field(
        default=False,
        title="Must end at https",
        description="Down where the redirects end at an address that is not encrypted",
    )
    proxy: ProxyUrl = Field(
        default=None,
        title="Proxy",
        description="Such as http://user:password@proxy.example.org:3128; "
        "empty: what the worker's environment says (HTTP_PROXY, NO_PROXY …)",
    )
    verify_tls: bool = Field(
        default=True,
        title="Verify the certificate",
        description="When off, an invalid certificate is accepted",
    )
    server_name: ServerName = Field(
        default=None,
        title="Server name",
        description="Name on the certificate, where it is not the one in the address",
    )
    tls_strict: bool = Field(
        default=False,
        title="Difficulties with old encryption",
        description="Browsers still take it: exchange of keys by RSA, CBC, no RFC 5746",
    )
    authorities: Authorities = None
    client_certificate: ClientCertificate = None
    client_passphrase: ClientPassphrase = None
    address_family: AddressFamily = "auto"
    max_body_kb: int = Field(
        default=512,
        title="Largest body read (kB)",
        description="The rest is ignored",
        ge=1,
        le=4096,
    )

    @model_validator(mode="before")
    @classmethod
    def _query_apart(cls, given: Any) -> Any:
        """The query of an address is stored apart, as a secret; a fragment is never sent."""
        url = given.get("url") if isinstance(given, dict) else None
        if not isinstance(url, str):
            return given
        place, _, query = url.partition("#")[0].partition("?")
        return {**given, "url": place} | ({"query": query} if query.strip() else {})

    @field_validator("contains", "not_contains", "json_path", "body")
    @classmethod
    def _needs_a_body(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("method") == "HEAD":
            raise ValueError("cannot be used with HEAD, which has no body")
        return value

    @field_validator("conditions")
    @classmethod
    def _need_a_body(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("method") == "HEAD" and not all(
            each.part == "header" for each in parse_conditions(value)
        ):
            raise ValueError("with HEAD, which has no body, must be on headers")
        return value

    @field_validator("must_be_https")
    @classmethod
    def _needs_to_follow(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("follow_redirects", True):
            raise ValueError("needs follow_redirects")
        return value

    @field_validator("json_equals")
    @classmethod
    def _needs_a_path(cls, value: JsonScalar | None, info: ValidationInfo) -> JsonScalar | None:
        if value is not None and info.data.get("json_path", "") is None:
            raise ValueError("needs json_path")
        if isinstance(value, str) and len(value) > 1000:
            raise ValueError("must have at most 1000 characters")
        return value

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if len(headers) > MOST_HEADERS:
            raise ValueError(f"must be at most {MOST_HEADERS}")
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError("must be lines such as Accept: text/html")
            if name.lower() in _OURS:
                raise ValueError(f"{name} is set by the probe itself")
            if not _HEADER_VALUE.fullmatch(value.get_secret_value().strip()):
                raise ValueError(f"the value of {name} has characters that cannot be sent")
        if len({name.lower() for name in headers}) < len(headers):
            raise ValueError("must have each name only once")
        return headers

    @field_validator("basic_auth")
    @classmethod
    def _is_a_pair(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        pair = value.get_secret_value() if value else ""
        if not pair:
            return None
        if ":" not in pair or not pair.isprintable():
            raise ValueError("must have the form user:password")
        if any(name.lower() == "authorization" for name in info.data.get("headers", ())):
            raise ValueError("cannot be used beside an Authorization header")
        return value

    @property
    def needs_address(self) -> bool:
        """See `ProbeConfig.needs_address`."""
        return False

    @property
    def places(self) -> dict[str, str]:
        """See `ProbeConfig.places`."""
        places = {"url": self.request.url.raw_host.decode("ascii")}
        if self.proxy is not None:
            places["proxy"] = read_proxy(self.proxy.get_secret_value()).host
        return places

    @property
    def marked(self) -> frozenset[str]:
        """The names of the headers that were marked as secret, in small letters."""
        return frozenset(each.strip().lower() for each in self.secret_headers.split(","))

    @cached_property
    def statuses(self) -> frozenset[int]:
        """The accepted status codes."""
        return parse_statuses(self.accepted_statuses)

    @cached_property
    def stated(self) -> tuple[Condition, ...]:
        """The conditions, read once."""
        return parse_conditions(self.conditions)

    @property
    def full_url(self) -> str:
        """The address with its query, which is a secret."""
        return f"{self.url}?{self.query.get_secret_value()}" if self.query else self.url

    @cached_property
    def request(self) -> httpx.Request:
        """The request, built once and sent by every check."""
        content = None if self.body is None else self.body.encode()
        url = httpx.URL(_with_ascii_host(self.full_url))
        # Without a Host of ours httpx reads the name back, and fails at those of IDNA 2003.
        request = httpx.Request(self.method, url, headers={"host": netloc(url)}, content=content)
        request.headers.update(HEADERS)
        if self.body is not None:
            request.headers["content-type"] = _content_type(self.body)
        own = [
            (name.lower().encode("ascii"), value.get_secret_value().strip().encode())
            for name, value in self.headers.items()
        ]
        request.headers.update(own)
        if self.basic_auth is not None:
            user, _, password = self.basic_auth.get_secret_value().partition(":")
            next(httpx.BasicAuth(user, password).auth_flow(request))
        return request

    @cached_property
    def routes(self) -> Routes | None:
        """Which proxy leads where; None where none is asked."""
        return of_environment() if self.proxy is None else only_through(self.proxy)

    @cached_property
    def trust(self) -> Trust:
        """What is asked of the certificate, and what is shown to the server."""
        authorities = self.authorities or ""
        trust = Trust(self.verify_tls, offers=("http/1.1",), authorities=authorities)
        return trust.showing(self.client_certificate, self.client_passphrase)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must not be stored or shown when a server repeats it."""
        values: list[str] = []
        for name, value in self.headers.items():
            if _SECRET_HEADER.search(name) or name.lower() in self.marked:
                told = value.get_secret_value().strip()
                pairs = (part.partition("=")[2].strip() for part in told.split(";"))
                values += [told, told.rpartition(" ")[2], *pairs]  # a token, and cookies
        if self.basic_auth is not None:
            pair = self.basic_auth.get_secret_value()
            values += [pair, pair.partition(":")[2]]
            values.append(self.request.headers["authorization"].removeprefix("Basic "))
        if self.routes is not None:
            values += self.routes.secrets
        if self.query is not None:
            query = self.query.get_secret_value()
            said = [query, *(value for _, value in parse_qsl(query))]
            said += [part.partition("=")[2] for part in query.split("&")]
            values += [each for each in said if len(each) >= SHORTEST_IN_QUERY]
        return tuple(sorted((each for each in values if len(each) > 3), key=len, reverse=True))


def _content_type(body: str) -> str:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json"
