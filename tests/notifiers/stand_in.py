"""What the servers that stand in for the real ones share: they record, and fail when told to."""

import json
import random
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any, Generic, Self, TextIO, TypeVar


@dataclass(frozen=True)
class Request:
    """One request, as it arrived. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer. ``drop``: the connection is closed without one, ``taken`` or not."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: bool = False
    taken: bool = False
    """The message counts although the answer says or shows otherwise."""


@dataclass(frozen=True)
class Taken:
    """A message that was accepted. ``cut``: its sender never learned of it, and may repeat it."""

    content: Any
    at: float
    cut: bool = False


F = TypeVar("F")


class Recorder(Generic[F]):
    """Counts and keeps what arrives; ``failure_rate`` of the attempts fail.

    Which ones do, and with which of the ``failures``, follows from ``seed``.
    """

    def __init__(self, failures: tuple[F, ...], failure_rate: float, seed: int) -> None:
        self.attempts = 0
        self.accepted: list[Taken] = []
        self.failures = failures
        self.failure_rate = failure_rate
        self.record: TextIO | None = None
        """Where every accepted message is written as a line of JSON, for other processes."""
        self.lock = threading.RLock()
        self._random = random.Random(seed)
        self._next: deque[F] = deque()

    @property
    def contents(self) -> list[Any]:
        """What was accepted, in its order."""
        with self.lock:
            return [taken.content for taken in self.accepted]

    def keep(self, content: Any, *, cut: bool = False) -> None:
        """A message was accepted."""
        with self.lock:
            self.accepted.append(Taken(content, monotonic(), cut))
            if self.record is not None:
                line = json.dumps({"content": content, "cut": cut}, ensure_ascii=False)
                self.record.write(f"{line}\n")
                self.record.flush()

    def prepare(self, *failures: F) -> None:
        """Let the next attempts fail so, before chance decides again."""
        with self.lock:
            self._next.extend(failures)

    def next_failure(self) -> F | None:
        """Count an attempt; how it fails, None where it does not."""
        with self.lock:
            self.attempts += 1
            if self._next:
                return self._next.popleft()
            if self._random.random() < self.failure_rate:
                return self._random.choice(self.failures)
            return None


class StandIn(Recorder[Reply]):
    """A server that speaks HTTP on loopback, in a thread of its own, from entering to leaving."""

    FAILURES: tuple[Reply, ...] = (
        Reply(500, "oh"),
        Reply(502, "<html>"),
        Reply(503, "later", {"Retry-After": "1"}),
        Reply(429, "slow down", {"Retry-After": "1"}),
        Reply(drop=True),
        Reply(drop=True, taken=True),
    )

    def __init__(
        self, *, failure_rate: float = 0.0, seed: int = 0, delay_seconds: float = 0.0, port: int = 0
    ) -> None:
        super().__init__(self.FAILURES, failure_rate, seed)
        self.delay_seconds = delay_seconds
        self._port = port

    def will_answer(self, *replies: Reply) -> None:
        """Give these answers to the next requests, before the rules apply again."""
        self.prepare(*replies)

    def judged(self, request: Request) -> tuple[Reply, Any]:
        """By the rules of the real server: the answer, and what to record if that is a 2xx."""
        raise NotImplementedError

    def answer(self, request: Request) -> Reply:
        """Count the request, and say what it is answered with."""
        with self.lock:
            reply, content = self.judged(request)
            is_sound = 200 <= reply.status < 300
            answer = self.next_failure()
            if answer is None or (answer.taken and not is_sound):
                answer = reply
            is_taken = answer.taken or (200 <= answer.status < 300 and not answer.drop)
            if is_sound and is_taken:
                self.keep(content, cut=answer.taken)
                self.remember(content)
            return answer

    def remember(self, content: Any) -> None:
        """Something was accepted."""

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no matter."""


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = stand_in.answer(Request(self.command, self.path, headers, body))
            sleep(stand_in.delay_seconds + reply.delay_seconds)
            if reply.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._send(reply)

        do_GET = do_PUT = do_DELETE = do_POST

        def _send(self, reply: Reply) -> None:
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
