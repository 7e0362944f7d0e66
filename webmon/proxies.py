"""Proxies: which one leads to an address, for checks and for messages.

A service may name its own; else those of the environment count, as they do for `curl` and httpx:
`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, and `NO_PROXY` for what is reached without. Addresses
with http:// are asked for by their whole URL (RFC 9112, 3.2.2), those with https:// through a
tunnel (CONNECT, RFC 9110, 9.3.6).
"""

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote

import httpx
from pydantic import SecretStr

from webmon import config
from webmon.errors import Invalid

_HOST = re.compile(r"[0-9A-Za-z._:-]{1,253}")

EXAMPLE = "http://user:password@proxy.example.org:3128"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, and how we log in there."""

    host: str
    port: int
    authorization: bytes = field(default=b"", repr=False)
    """The value of `Proxy-Authorization`; empty where nobody logs in."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be shown when somebody repeats it."""

    @property
    def url(self) -> str:
        """Its address, without a login."""
        return f"http://{self}"

    @property
    def headers(self) -> dict[str, str]:
        """What is said to the proxy, and to nobody else."""
        said = self.authorization.decode("ascii")
        return {"Proxy-Authorization": said} if said else {}

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Routes:
    """Which proxy leads where. ``direct`` is what `NO_PROXY` lists."""

    def __init__(self, proxies: dict[str, Proxy], direct: list[str] | None = None) -> None:
        self._proxies = proxies
        self._direct = direct

    def to(self, url: httpx.URL) -> Proxy | None:
        """The proxy that leads to ``url``, None where there is no need of one."""
        proxy = self._proxies.get(url.scheme)
        if proxy is None or self._direct is None:
            return proxy
        port = url.port or (443 if url.scheme == "https" else 80)
        return None if _is_direct(url.raw_host.decode("ascii"), port, self._direct) else proxy

    @property
    def is_of_environment(self) -> bool:
        """Whether who runs this program has chosen the proxies, and not a service."""
        return self._direct is not None

    @property
    def places(self) -> frozenset[tuple[str, int]]:
        """Host and port of each proxy."""
        return frozenset((proxy.host, proxy.port) for proxy in self._proxies.values())

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown when somebody repeats it."""
        return tuple(secret for proxy in self._proxies.values() for secret in proxy.secrets)


def only_through(proxy: SecretStr) -> Routes:
    """Everything goes through this one; the environment's proxies are not used."""
    read = read_proxy(proxy.get_secret_value())
    return Routes({"http": read, "https": read})


@cache
def of_environment() -> Routes | None:
    """What the environment of this process says, read once; None where it names no proxy.

    This machine itself is never asked for through a proxy of the environment.

    Raises:
        Invalid: a proxy that cannot be used; the text names the variable, and no password.
    """
    told = config.proxies()
    proxies = {}
    for scheme in ("http", "https"):
        name = scheme if scheme in told else "all"
        if text := told.get(name):
            try:
                proxies[scheme] = read_proxy(text if "://" in text else f"http://{text}")
            except ValueError as error:
                raise Invalid(str(error), f"{name.upper()}_PROXY") from None
    direct = [entry.strip().lower() for entry in told.get("no", "").split(",") if entry.strip()]
    return Routes(proxies, direct) if proxies and "*" not in direct else None


def read_proxy(text: str) -> Proxy:
    """The proxy at an address such as ``http://user:password@proxy.example.org:3128``.

    Raises:
        ValueError: it is not such an address; the text does not repeat it.
    """
    try:
        url = httpx.URL(text.strip())
        port = 80 if url.port is None else url.port
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError):
        raise ValueError(f"must be like {EXAMPLE}") from None
    if url.scheme != "http":
        raise ValueError(f"must begin with http://, like {EXAMPLE}")
    if not _HOST.fullmatch(host) or not 1 <= port <= 65535 or url.raw_path != b"/" or url.fragment:
        raise ValueError(f"must be like {EXAMPLE}")
    if not url.userinfo:
        return Proxy(host, port)
    user, _, password = url.userinfo.decode("ascii").partition(":")
    pair = f"{unquote(user)}:{unquote(password)}"
    coded = base64.b64encode(pair.encode()).decode()
    secrets = (pair, unquote(password), password, coded)
    return Proxy(host, port, f"Basic {coded}".encode(), secrets)


def _is_direct(host: str, port: int, entries: list[str]) -> bool:
    host = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        names = [*entries, "localhost"]
        return any(_is_within(f"{host}:{port}", host, entry) for entry in names)
    if address.is_loopback:
        return True
    shown = f"[{host}]" if address.version == 6 else host
    same = {host, shown, f"{shown}:{port}"}
    return any(entry in same or _is_of_network(address, entry) for entry in entries)


def _is_within(place: str, host: str, entry: str) -> bool:
    """Whether ``entry`` (such as example.org, .example.org or example.org:8080) means this host."""
    name = entry.removeprefix("*").lstrip(".")
    return any(each == name or each.endswith(f".{name}") for each in (host, place))


def _is_of_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, entry: str) -> bool:
    if "/" not in entry:
        return False
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
