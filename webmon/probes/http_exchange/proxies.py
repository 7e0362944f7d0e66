"""What an `http` check has of a proxy: its field in the config, and what is said to it."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from webmon.probes.wire.addresses import Endpoint
from webmon.proxies import Proxy, read_proxy


class ProxyEndpoint(Endpoint):
    """A proxy's address; messages call it what it is."""

    def __str__(self) -> str:
        return f"the proxy {super().__str__()}"


def _checked_proxy(value: SecretStr | None) -> SecretStr | None:
    if value is None or not value.get_secret_value().strip():
        return None
    read_proxy(value.get_secret_value())
    return value


ProxyUrl = Annotated[SecretStr | None, AfterValidator(_checked_proxy)]
"""A proxy's address; a secret, because a password may be in it."""


def tunnel_request(proxy: Proxy, place: str) -> bytes:
    """The bytes that ask ``proxy`` for a connection to ``place`` (host:port)."""
    lines = [f"CONNECT {place} HTTP/1.1".encode(), f"Host: {place}".encode()]
    return b"\r\n".join([*lines, *login_lines(proxy)]) + b"\r\n\r\n"


def login_lines(proxy: Proxy) -> list[bytes]:
    """The header lines that only the proxy may see."""
    return [f"{name}: {value}".encode() for name, value in proxy.headers.items()]
