"""The cookie that says who somebody is: its name, how long it lives, what is stored of it."""

from datetime import timedelta
from hashlib import sha256

COOKIE = "webmon_session"
LIFETIME = timedelta(days=14)


def token_in(cookie_header: str) -> str | None:
    """The session's token in a raw ``Cookie`` header; None where there is none.

    Read by hand: the standard parser stops at the first cookie it finds odd, and on a shared host
    name there may be any.
    """
    for pair in cookie_header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and value:
            return value
    return None


def token_hash(token: str) -> str:
    """What the database keeps of a token: enough to recognise it, nothing to sign in with."""
    return sha256(token.encode(errors="replace")).hexdigest()
