"""SSH servers for the tests: the real one, and one that misbehaves on request."""

import getpass
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives import serialization as keys
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.probes.real_servers import free_port, installed, running
from webmon.probes.ssh_access import SshAccess

HOST_KEY = paramiko.RSAKey.generate(2048)
OTHER_HOST_KEY = paramiko.ECDSAKey.generate()


def new_key(passphrase: str | None = None) -> str:
    """The text of a new private key."""
    hidden = keys.NoEncryption()
    protected = keys.BestAvailableEncryption(passphrase.encode()) if passphrase else hidden
    form = keys.Encoding.PEM, keys.PrivateFormat.OpenSSH, protected
    return ed25519.Ed25519PrivateKey.generate().private_bytes(*form).decode()


CLIENT_KEY = new_key()


class RealServer:
    """A running `sshd`; ``authorized`` is the file that says which keys it takes."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.authorized = folder / "authorized_keys"

    @property
    def access(self) -> SshAccess:
        return SshAccess(user=getpass.getuser(), port=self.port, private_key=CLIENT_KEY)


@contextmanager
def sshd(folder: Path) -> Iterator[RealServer]:
    """The system's own SSH server on a port of 127.0.0.1; it lets in who runs the tests."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it wants to lock itself in there
    server = RealServer(folder, free_port())
    host_key = folder / "host_key"
    host_key.write_text(new_key())
    host_key.chmod(0o600)
    server.authorized.write_text(f"{server.access.public_key}\n")
    settings = folder / "sshd_config"
    settings.write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\n"
        f"AuthorizedKeysFile {server.authorized}\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
    with running([installed("sshd"), "-D", "-e", "-f", str(settings)], server.port):
        yield server


class Manners(paramiko.ServerInterface):
    """How the server of `misbehaving` answers; a test changes what it needs."""

    host_key: paramiko.PKey = HOST_KEY
    further_key: paramiko.PKey | None = None
    password: str | None = "right"
    methods = "publickey,password"
    takes_commands = True
    hangs_before_output = False
    output = b""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.logins: list[str] = []
        self.connections = 0

    def get_allowed_auths(self, username: str) -> str:
        return self.methods

    def check_auth_password(self, username: str, password: str) -> int:
        self.logins.append(password)
        right = password == self.password
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.logins.append("key")
        return paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.asked.append(command.decode())
        if self.takes_commands:
            threading.Thread(target=self._answer, args=(channel,), daemon=True).start()
        return self.takes_commands

    def _answer(self, channel: paramiko.Channel) -> None:
        time.sleep(0.1)  # the reply to the request goes first
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.sendall(self.output)
            if not self.hangs_before_output:
                channel.send_exit_status(0)
                channel.close()


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that hands every connection to ``serve`` in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                opened, _ = listener.accept()
                held.append(opened)
                threading.Thread(target=answer, args=(opened,), daemon=True).start()

    def answer(opened: socket.socket) -> None:
        with suppress(OSError):  # either side may have closed it by now
            serve(opened)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for opened in held:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


@contextmanager
def misbehaving(manners: Manners) -> Iterator[int]:
    """The port of an SSH server that answers as ``manners`` say."""

    def serve(opened: socket.socket) -> None:
        manners.connections += 1
        transport = paramiko.Transport(opened)
        transport.daemon = True
        transport.add_server_key(manners.host_key)
        if manners.further_key is not None:
            transport.add_server_key(manners.further_key)
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=manners)
            transport.join(20)

    with listening(serve) as port:
        yield port


def saying(first: bytes) -> Callable[[socket.socket], None]:
    """Says this, and nothing more."""

    def serve(opened: socket.socket) -> None:
        with suppress(OSError):
            opened.sendall(first)

    return serve
