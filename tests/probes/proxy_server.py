"""A real proxy for the tests: it forwards http, opens tunnels, and knows who may."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.probes.servers import http, read_request, serving

REFUSED = http(b"no", "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"')
NOT_FOUND = http(b"<h1>no such host</h1>", "502 Bad Gateway", "Content-Type: text/html")


@dataclass
class ProxyServer:
    """A proxy at ``port``, and the requests that it was sent (as they came)."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, login: str = "") -> str:
        return f"http://{login and login + '@'}127.0.0.1:{self.port}"


@asynccontextmanager
async def proxying(
    login: str = "", *, hosts: dict[str, str] | None = None, greeting: bytes = b""
) -> AsyncIterator[ProxyServer]:
    """A proxy that lets in who knows ``login`` (``user:password``; empty: everybody).

    It alone knows the addresses of ``hosts``. With an answer to CONNECT it sends ``greeting``
    lines besides, as some proxies do.
    """
    expected = f"Basic {base64.b64encode(login.encode()).decode()}"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        proxy.requests.append(request)
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, _version = first.decode().split(" ")
        headers = {line.partition(b":")[0].lower(): line for line in lines}
        shown = headers.pop(b"proxy-authorization", b"").partition(b": ")[2].decode()
        if login and shown != expected:
            writer.write(REFUSED)
            return await writer.drain()
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host = (hosts or {}).get(url.hostname or "", url.hostname)
        try:
            origin, onward = await asyncio.open_connection(host, url.port or 80)
        except OSError:
            writer.write(NOT_FOUND)
            return await writer.drain()
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n" + greeting + b"\r\n")
        else:
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            kept = [f"{method} {path} HTTP/1.1".encode(), *headers.values()]
            onward.write(b"\r\n".join(kept) + b"\r\n\r\n" + body)
        try:
            await asyncio.gather(_copy(reader, onward), _copy(origin, writer))
        finally:
            onward.close()

    async with serving(talk=talk) as server:
        proxy = ProxyServer(server.port)
        yield proxy


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
