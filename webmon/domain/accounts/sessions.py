"""The cookies: one says who somebody is, the other that a browser has signed in here before."""

from datetime import timedelta
from hashlib import sha256

from webmon.domain.accounts.access import Actor

COOKIE = "webmon_session"
LIFETIME = timedelta(days=14)

PENDING_COOKIE = "webmon_pending"
PENDING_LIFETIME = timedelta(minutes=10)

DEVICE_COOKIE = "webmon_device"
DEVICE_LIFETIME = timedelta(days=365)


def token_in(cookie_header: str, cookie: str = COOKIE) -> str | None:
    """The value of our cookie in a raw ``Cookie`` header; None where there is none.

    Read by hand: the standard parser stops at the first cookie it finds odd, and on a shared host
    name there may be any.
    """
    for pair in cookie_header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == cookie and value:
            return value
    return None


def token_hash(token: str) -> str:
    """What the database keeps of a token: enough to recognise it, nothing to sign in with."""
    return sha256(token.encode(errors="replace")).hexdigest()


def shown_id(hashed: str) -> str:
    """A name for a session that may be shown to its owner; ``hashed`` is its token's hash."""
    return sha256(f"shown {hashed}".encode()).hexdigest()[:16]


def tab_key(tab: str, session: str, actor: Actor) -> str:
    """The name under which the server keeps what a tab shows.

    ``tab`` is the browser's own name for the tab, ``session`` the hash of the session's token.
    Another session, person, role or set of namespaces makes another key, so that nothing that was
    kept for one is found by the other. Nobody can make a key without the session's token.
    """
    limits = "all" if actor.namespace_ids is None else sorted(actor.namespace_ids)
    parts = (session, actor.user_id, actor.email, actor.role.value, limits, tab)
    return sha256(repr(parts).encode(errors="replace")).hexdigest()
