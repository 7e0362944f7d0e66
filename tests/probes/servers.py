"""Real local servers that answer with given bytes, or behave badly."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server at ``port``, and the requests it was sent (head and body)."""

    port: int
    scheme: str
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(
    answer: bytes | Callable[[bytes], bytes] | None = None,
    *,
    talk: Talk | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Server]:
    """A server that reads a request and sends ``answer`` (or what it makes of the request).

    ``talk`` does something else instead. The connection is closed afterwards.
    """
    conversations: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        task.add_done_callback(conversations.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if talk is not None:
                await talk(reader, writer)
            else:
                request = await read_request(reader)
                told.requests.append(request)
                assert answer is not None
                writer.write(answer if isinstance(answer, bytes) else answer(request))
                await writer.drain()
        writer.close()
        with suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    told = Server(server.sockets[0].getsockname()[1], "https" if tls else "http")
    try:
        yield told
    finally:
        server.close()
        for conversation in list(conversations):
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


@contextmanager
def full_queue() -> Iterator[tuple[str, int]]:
    """A place that does not answer: it neither takes a connection nor refuses one."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for queued in (first, second):
            queued.setblocking(False)
            queued.connect_ex(full.getsockname())
        yield full.getsockname()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)


def http(
    body: bytes = b"", status: str = "200 OK", headers: str = "", *, length: bool = True
) -> bytes:
    """The bytes of an answer; ``headers`` are lines."""
    lines = [f"HTTP/1.1 {status}", *headers.splitlines()]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def html(body: bytes = b"<!doctype html><title>Hello</title>") -> bytes:
    return http(body, headers="Content-Type: text/html; charset=utf-8")
