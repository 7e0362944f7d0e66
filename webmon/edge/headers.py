"""What every response carries: security headers, how long it may be kept, no CORS."""

from urllib.parse import urlsplit

from webmon.edge.answers import Message, Send
from webmon.edge.visit import Visit

CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'{eval}; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The built pages start by inline scripts; Reflex's toasts in the admin app need ``eval`` too."""

SECURITY = {
    b"x-content-type-options": b"nosniff",
    # Not no-referrer: with it browsers send `Origin: null` with our own forms.
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
PUBLIC_CSP = CSP.format(eval="").encode()
ADMIN_CSP = CSP.format(eval=" 'unsafe-eval'").encode()
HSTS = b"max-age=31536000"
FOR_EVER = "max-age=31536000, immutable"


def dressed(send: Send, visit: Visit) -> Send:
    """A ``send`` that gives every response our headers."""

    async def dress(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _outgoing(visit, message)}
        await send(message)

    return dress


def _outgoing(visit: Visit, message: Message) -> list[tuple[bytes, bytes]]:
    given = [(name.lower(), value) for name, value in message.get("headers", ())]
    ours = dict(SECURITY)
    ours[b"content-security-policy"] = ADMIN_CSP if visit.is_admin else PUBLIC_CSP
    if visit.path.startswith("/badge/"):
        ours[b"cross-origin-resource-policy"] = b"cross-origin"  # shown in pages of others
    if visit.is_tls:
        ours[b"strict-transport-security"] = HSTS
    cache = _cache_rule(visit, message["status"], dict(given))
    if cache:
        ours[b"cache-control"] = cache.encode()
    kept = [
        (name, _relative(value, visit) if name == b"location" else value)
        for name, value in given
        if name not in ours and not name.startswith(b"access-control-")
    ]
    return [*kept, *ours.items()]


def _cache_rule(visit: Visit, status: int, given: dict[bytes, bytes]) -> str | None:
    """The Cache-Control to set; None to leave what the application said."""
    fine = status in (200, 206, 304)
    if visit.is_admin:
        hashed = fine and visit.path.startswith("/admin/assets/")
        return f"private, {FOR_EVER}" if hashed else "private, no-store"
    if visit.path.startswith("/auth/"):
        return "no-store"
    if visit.path.startswith("/assets/"):
        return f"public, {FOR_EVER}" if fine else "no-store"
    if b"cache-control" in given:
        return None
    return "no-cache"


def _relative(location: bytes, visit: Visit) -> bytes:
    """A redirect within our host as a path: what is in front of us may speak TLS."""
    parts = urlsplit(location.decode("latin-1"))
    if parts.netloc and parts.netloc.lower() == visit.headers.get("host", "").lower():
        return parts._replace(scheme="", netloc="").geturl().encode("latin-1")
    return location
