"""The public page's own host name, where nothing else is served."""

import asyncio
import logging
import time
from urllib.parse import urlsplit

from webmon import config, db
from webmon.edge.visit import Visit
from webmon.queries.installation import public_address
from webmon.threads import in_thread

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 0.5
"""For so long a visit waits for a database that is silent; then what was known counts."""
SHOWN = frozenset(
    {"/", "/status", "/status/", "/favicon.svg", "/status/calendar.ics", "/status/feed.atom"}
    | {"/api/v1/status", "/status/logo", "/healthz"}
)
FOLDERS = ("/assets/", "/badge/", "/api/v2/")
ELSEWHERE = frozenset({"/admin", "/admin/", "/login", "/login/"})
"""What the page links to; it is at the base URL."""


class OwnAddress:
    """Knows the host name, and asks the database for it now and then."""

    def __init__(self) -> None:
        self._asked_at = -FRESH_SECONDS
        self._host = ""
        self._asking: asyncio.Task[None] | None = None

    async def is_asked(self, visit: Visit) -> bool:
        """Whether the visit is for the public page's own host name."""
        is_old = time.monotonic() - self._asked_at >= FRESH_SECONDS
        if is_old and (self._asking is None or self._asking.done()):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
            await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        return bool(self._host) and host_of(_asked_host(visit)) == self._host

    async def _ask(self) -> None:
        try:
            self._host = await in_thread(_host, name="own address")
        except db.DatabaseError:
            log.debug("the own address stays as it was: the database is away")


def is_shown(visit: Visit) -> bool:
    """Whether this is served at the own host name."""
    return not visit.is_socket and (visit.path in SHOWN or visit.path.startswith(FOLDERS))


def elsewhere(visit: Visit) -> str:
    """The same at the base URL, for what the public page links to; empty for anything else."""
    return config.settings().public_url + visit.path if visit.path in ELSEWHERE else ""


def host_of(netloc: str) -> str:
    """The host name in a Host header, in small letters; empty where there is none."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _asked_host(visit: Visit) -> str:
    return visit.believed_host or visit.headers.get("host", "")


def _host() -> str:
    with db.read() as session:
        address = public_address(session)
    own = urlsplit(address).hostname or ""
    return own if own != urlsplit(config.settings().public_url).hostname else ""
