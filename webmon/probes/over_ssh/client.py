"""An SSH client on an open socket: paramiko, and what went wrong in plain words.

Key exchange and login happen in paramiko's own thread and are waited for on the event loop; only a
command that runs needs a thread of its caller. Nothing here has a deadline: closing the socket
ends every wait.
"""

import asyncio
import base64
import functools
import io
import logging
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paramiko  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization as keys
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from webmon.probes.host_key import HostKey
from webmon.probes.ssh_access import SshAccess
from webmon.probes.wire.texts import excerpt

END_MARK = b"\n@@ end\n"

LONG_SECONDS = 150.0
"""Longer than any check: it is the check's own deadline that ends a wait."""

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # what goes wrong is told as an outcome


class SshError(Exception):
    """The connection cannot do what is wanted; the text says why."""


class NoCommonAlgorithm(SshError):
    """The server speaks SSH, but nothing that this client can; OpenSSH's may reach it."""


class Client:
    """One connection's SSH protocol."""

    def __init__(self, opened: socket.socket, key_type: str | None) -> None:
        """``key_type`` is the kind of key that the host is known by."""
        transport = self._transport = paramiko.Transport(opened)
        transport.daemon = True
        transport.banner_timeout = transport.handshake_timeout = LONG_SECONDS
        transport.auth_timeout = LONG_SECONDS
        if key_type is not None:
            _prefer(transport, key_type)

    @property
    def is_active(self) -> bool:
        """Whether keys are being, or were, exchanged, and nothing has ended the connection."""
        return bool(self._transport.is_active())

    @property
    def has_thread(self) -> bool:
        """Whether paramiko still holds the socket."""
        return bool(self._transport.is_alive())

    @property
    def software(self) -> str:
        """How the server introduced itself."""
        return excerpt(str(self._transport.remote_version))

    @property
    def key_exchange(self) -> str:
        """The name of the algorithm."""
        return str(getattr(self._transport.kex_engine, "name", ""))

    async def exchange_keys(self, port: int) -> HostKey:
        """The key that the server has proved to have.

        Raises:
            SshError.
        """
        transport = self._transport
        await self._event(lambda event: transport.start_client(event=event))
        if not transport.is_active():
            error = transport.get_exception()
            if isinstance(error, paramiko.ssh_exception.IncompatiblePeer) and "no acc" in str(
                error
            ):
                raise NoCommonAlgorithm(_exchange_failure(error))
            raise SshError(_exchange_failure(error))
        shown = transport.get_remote_server_key()
        return HostKey(port, shown.get_name(), base64.b64encode(shown.asbytes()).decode("ascii"))

    async def log_in(self, access: SshAccess) -> None:
        """Try the key, then the password.

        Raises:
            SshError.
        """
        transport = self._transport
        error: Exception | None = None
        way = ""
        for way, authenticate in _ways(access):  # noqa: B007 -- the last one is told
            try:
                await self._event(functools.partial(authenticate, transport))
            except paramiko.SSHException as refused:
                error = refused
                break
            if transport.is_authenticated():
                return
            error = transport.get_exception()
            if not transport.is_active():
                break
        raise SshError(_login_failure(access, way, error, transport.is_active()))

    def execute(self, line: str, output: bytearray, most: int) -> None:
        """Run a command and append what it says, at most ``most`` bytes. Blocks.

        Raises:
            SshError.
        """
        try:
            channel = self._transport.open_session(timeout=LONG_SECONDS)
            try:
                channel.settimeout(LONG_SECONDS)
                channel.exec_command(line)
                while len(output) < most and (data := channel.recv(32768)):
                    output += data
                    if output.endswith(END_MARK):  # what hangs there may keep the channel open
                        break
                if not output and channel.recv_stderr_ready():
                    output += channel.recv_stderr(4096)
            finally:
                channel.close()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise SshError(f"the host runs no commands: {_short(error)}") from None

    async def _event(self, start: Callable[["_LoopEvent"], object]) -> None:
        """Do something that paramiko finishes in its own thread, and wait for that."""
        event = _LoopEvent(asyncio.get_running_loop())
        start(event)
        await event.happened


class _LoopEvent:
    """What paramiko takes for a `threading.Event`: setting it wakes a coroutine."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.happened: asyncio.Future[None] = loop.create_future()

    def set(self) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        if not self.happened.done():
            self.happened.set_result(None)

    def is_set(self) -> bool:
        return self.happened.done()


def _short(error: BaseException) -> str:
    return excerpt(str(error) or type(error).__name__)


def _prefer(transport: Any, key_type: str) -> None:
    """Ask first for the kind of key that is pinned: a server has several."""
    options = transport.get_security_options()
    names = ["rsa-sha2-512", "rsa-sha2-256"] if key_type == "ssh-rsa" else [key_type]
    known = list(options.key_types)
    first = [name for name in names if name in known]
    options.key_types = [*first, *(name for name in known if name not in first)]


Way = tuple[str, Callable[[Any, _LoopEvent], object]]


def _ways(access: SshAccess) -> list[Way]:
    ways: list[Way] = []
    key = _paramiko_key(access)
    if key is not None:
        ways.append(("publickey", lambda at, event: at.auth_publickey(access.user, key, event)))
    if access.password is not None:
        password = access.password.get_secret_value()
        ways.append(("password", lambda at, event: at.auth_password(access.user, password, event)))
    return ways


@functools.lru_cache(maxsize=1024)
def _paramiko_key(access: SshAccess) -> Any:
    key = access.key()
    if key is None:
        return None
    kind: Any = paramiko.Ed25519Key
    if isinstance(key, rsa.RSAPrivateKey):
        kind = paramiko.RSAKey
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        kind = paramiko.ECDSAKey
    form = keys.Encoding.PEM, keys.PrivateFormat.OpenSSH, keys.NoEncryption()
    return kind.from_private_key(io.StringIO(key.private_bytes(*form).decode("ascii")))


_ALGORITHMS = {
    "kex algorithm": "for the exchange of keys (KexAlgorithms)",
    "host key": "for the host's key (HostKeyAlgorithms)",
    "ciphers": "for encryption (Ciphers)",
    "macs": "for authentication of messages (MACs)",
}


def _exchange_failure(error: Exception | None) -> str:
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        found = re.search(r"\(no acceptable (.*)\)", str(error))
        what = _ALGORITHMS.get(found[1], found[1]) if found else str(error)
        return f"no algorithm in common with the server: {excerpt(what)}"
    if error is None or isinstance(error, EOFError | OSError):
        return "the server closed the connection during the key exchange"
    return f"the key exchange failed: {excerpt(str(error) or type(error).__name__)}"


def _login_failure(access: SshAccess, way: str, error: Exception | None, is_active: bool) -> str:
    if isinstance(error, paramiko.ssh_exception.PartialAuthentication):
        return f"wants more than that of user {access.user}: {_names(error.allowed_types)}"
    if isinstance(error, paramiko.BadAuthenticationType):
        allowed = list(error.allowed_types)
        if "keyboard-interactive" in allowed and way == "password":
            return "asks for keyboard-interactive, which only a person can answer: use a key"
        return f"takes no {way} from user {access.user}, only {_names(allowed)}"
    if not is_active or isinstance(error, EOFError | OSError):
        return f"the connection was closed while logging in as {access.user}"
    if error is None or isinstance(error, paramiko.AuthenticationException):
        return f"wrong key or password for user {access.user}"
    return f"cannot log in as {access.user}: {_short(error)}"


def _names(types: Any) -> str:
    return excerpt(" or ".join(str(each) for each in types)) or "nothing"
