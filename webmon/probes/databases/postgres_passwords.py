"""A password proved to a PostgreSQL server: SCRAM-SHA-256, and MD5 as older servers want it."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from passlib.utils import saslprep

from webmon.probes.wire.stream import Broken

MOST_ROUNDS = 1_000_000
"""For a password, at most. PostgreSQL's default is 4096; a million take less than a second."""

_thread = ThreadPoolExecutor(1, thread_name_prefix="password")
"""Of its own: all the others may be waiting for hosts."""


def md5_answer(user: str, password: str, salt: bytes) -> bytes:
    """What a server is told that stores passwords as MD5."""

    def digest(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).hexdigest().encode()

    inner = digest(password.encode() + user.encode())
    return b"md5" + digest(inner + salt) + b"\0"


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

    def __init__(self, password: str) -> None:
        try:
            self._password = saslprep(password).encode()
        except ValueError:
            self._password = password.encode()
        self._first = f"n=,r={secrets.token_urlsafe(18)}"
        self._signature = b""

    def begin(self, offered: bytes) -> bytes:
        """The first message, where one of the ``offered`` mechanisms is this one."""
        if b"SCRAM-SHA-256" not in offered.split(b"\0"):
            raise Broken("wants another kind of login than a password")
        first = b"n,," + self._first.encode()
        return b"SCRAM-SHA-256\0" + len(first).to_bytes(4, "big") + first

    async def go_on(self, challenge: bytes) -> bytes:
        """The proof that the password is known."""
        told = _pairs(challenge)
        nonce, rounds = told["r"], int(told["i"])
        salt = base64.b64decode(told["s"], validate=True)
        if not nonce.startswith(self._first.partition("r=")[2]) or rounds < 1:
            raise Broken("the login went wrong: the server's answers make no sense")
        if rounds > MOST_ROUNDS:
            raise Broken(f"demands {rounds} rounds for the password, more than {MOST_ROUNDS}")
        loop = asyncio.get_running_loop()
        salted = await loop.run_in_executor(_thread, _salted, self._password, salt, rounds)
        client_key = _hmac(salted, b"Client Key")
        without_proof = f"c=biws,r={nonce}"
        said = b",".join([self._first.encode(), challenge, without_proof.encode()])
        self._signature = _hmac(_hmac(salted, b"Server Key"), said)
        stored = _hmac(hashlib.sha256(client_key).digest(), said)
        proof = bytes(a ^ b for a, b in zip(client_key, stored, strict=True))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def finish(self, message: bytes) -> None:
        """Check that the server knows the password too."""
        told = base64.b64decode(_pairs(message)["v"], validate=True)
        if not self._signature or not hmac.compare_digest(told, self._signature):
            raise Broken("is not the server it should be: it does not know the password")


@lru_cache(maxsize=512)
def _salted(password: bytes, salt: bytes, rounds: int) -> bytes:
    """Remembered: it is costly on purpose, and the same at every check."""
    return hashlib.pbkdf2_hmac("sha256", password, salt, rounds)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _pairs(message: bytes) -> dict[str, str]:
    pairs = (each.partition("=") for each in message.decode("ascii").split(","))
    told = {name: value for name, _, value in pairs}
    if "e" in told:
        raise Broken("refused the proof of the password")
    if not told.keys() & {"r", "v"} or ("r" in told and not {"s", "i"} <= told.keys()):
        raise ValueError("not a message of SCRAM")
    return told
