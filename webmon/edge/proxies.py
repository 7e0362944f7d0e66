"""A proxy in front that we were not told of: its requests carry headers that are not believed."""

import asyncio
import logging
import time
from ipaddress import ip_address

from webmon import db
from webmon.clock import utcnow
from webmon.commands.unbelieved_proxy import note_proxy
from webmon.edge.visit import Scope, Visit

log = logging.getLogger(__name__)

FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
AGAIN_SECONDS = 3600.0


class ProxyWatch:
    """Notes once an hour that such requests come: in the log, for the doctor and the admin app."""

    def __init__(self) -> None:
        self._noted_at = -AGAIN_SECONDS
        self._noting: asyncio.Task[None] | None = None

    def look(self, visit: Visit, scope: Scope) -> None:
        """Note ``visit`` if a proxy near us has sent it. A stranger may send any header."""
        seen = [name for name in FORWARDED if name in visit.headers]
        if not seen or time.monotonic() - self._noted_at < AGAIN_SECONDS or not _is_near(scope):
            return
        self._noted_at = time.monotonic()
        log.warning(
            "requests carry %s, which is not believed: all seem to come from the proxy's address. "
            "If there is one proxy in front, set WEBMON_TRUSTED_PROXIES=1 (docs/operations.md)",
            " and ".join(seen),
        )
        self._noting = asyncio.create_task(asyncio.to_thread(_note))


def _note() -> None:
    try:
        with db.write() as session:
            note_proxy(session, now=utcnow())
    except db.DatabaseError as error:
        log.warning("that there is a proxy could not be noted: %s", db.reason(error))


def _is_near(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and not ip_address(client[0]).is_global
    except ValueError:
        return False
