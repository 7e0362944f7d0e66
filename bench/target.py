"""The server that the measured worker looks at.

    python -m bench.target PORT DELAY_MS [CERTIFICATE KEY]

As little as a web server can be, so that its own cost stays out of the way: every connection gets
the same 2 kB page, ``DELAY_MS`` after it asked for it, and is closed.
"""

import asyncio
import ssl
import sys
from typing import cast

import uvloop

PAGE = b"<!doctype html><title>target</title>" + b"x" * 2_000
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
)


class Page(asyncio.Protocol):
    """Answers the first bytes that arrive."""

    delay_seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if b"\r\n\r\n" not in data:
            return
        if self.delay_seconds:
            asyncio.get_running_loop().call_later(self.delay_seconds, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(ANSWER)
        self._transport.close()


async def serve(port: int, delay_ms: float, certificate: str = "", key: str = "") -> None:
    """Serve until the process is ended."""
    Page.delay_seconds = delay_ms / 1000
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Page, "127.0.0.1", port, ssl=context, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    _, port, delay_ms, *files = sys.argv
    uvloop.run(serve(int(port), float(delay_ms), *files))
