"""A line to a server that can fall silent: it holds its connections and passes nothing on."""

import socket
import threading
from contextlib import suppress


class SilentLine:
    """A TCP proxy on the loopback, to the host and port of ``server`` or its Unix socket."""

    def __init__(self, server: str | tuple[str, int]) -> None:
        self._server = server
        self._passing = threading.Event()
        self._passing.set()
        self._ends: list[socket.socket] = []
        self._forgotten: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "SilentLine":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.close()
        self._passing.set()
        self.cut()

    def fall_silent(self) -> None:
        """Keep every connection, old and new, and pass nothing on."""
        self._passing.clear()

    def forget(self) -> None:
        """Pass on what comes by new connections; the old ones stay open and silent for ever."""
        self._forgotten, self._ends = self._ends, []
        for end in self._forgotten:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RD)

    def speak(self) -> None:
        """Pass everything on again."""
        self._passing.set()

    def cut(self) -> None:
        """End every connection."""
        for end in (*self._ends, *self._forgotten):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends, self._forgotten = [], []

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        family = socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET
        server = socket.socket(family)
        self._ends += [client, server]
        with suppress(OSError):
            server.connect(self._server)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self._passing.wait()
                other.sendall(data)
            if one in self._ends:  # it has ended, and was not only forgotten
                other.shutdown(socket.SHUT_WR)
