"""Browsers that have signed in before: a sealed cookie says to which account.

It lets nobody in. It only says that failures of others are not this browser's.
"""

import secrets

from webmon import crypto
from webmon.errors import Invalid


def new_device(user_id: int) -> str:
    """The cookie's value for a browser in which this person has signed in."""
    sealed = crypto.vault().encrypt(f"device {user_id} {secrets.token_urlsafe(12)}")
    return sealed.rstrip("=")  # which a cookie's value may not hold unquoted


def is_ours(cookie: str | None) -> bool:
    """Whether the cookie was made here, for anybody."""
    return bool(_parts(cookie))


def device_id(cookie: str | None, user_id: int | None) -> str | None:
    """The browser's id; None unless the cookie is ours and names this person."""
    match _parts(cookie):
        case ["device", owner, device] if owner == str(user_id):
            return device
    return None


def _parts(cookie: str | None) -> list[str]:
    if not cookie or not cookie.isascii():
        return []
    try:
        parts = crypto.vault().decrypt(cookie + "=" * (-len(cookie) % 4)).split(" ")
    except Invalid:
        return []
    return parts if parts[0] == "device" else []
