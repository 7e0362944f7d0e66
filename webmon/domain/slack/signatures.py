"""Whether a request is Slack's: HMAC-SHA256 over its time and its exact body, five minutes old at
most."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

WINDOW_SECONDS = 300


def is_signed(
    body: bytes, timestamp: str, signature: str, secrets: Iterable[str], *, now: float
) -> bool:
    """Whether one of the apps with these signing secrets has sent ``body``.

    ``timestamp`` and ``signature`` are its headers, ``now`` is in seconds since 1970.
    """
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > WINDOW_SECONDS:
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    given = signature.encode(errors="replace")
    return any(
        hmac.compare_digest(
            f"v0={hmac.new(secret.encode(), signed, sha256).hexdigest()}".encode(), given
        )
        for secret in secrets
    )
