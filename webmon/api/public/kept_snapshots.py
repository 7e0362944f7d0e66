"""The public status, read from the database at most once per second and kept ready to send."""

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from fastapi import Request, Response

from webmon import clock, db
from webmon.api.question import Question
from webmon.domain.negotiation import has_tag, takes_gzip
from webmon.errors import WebmonError
from webmon.queries.public.snapshot import PublicStatusView, public_status

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=1)
KEPT = timedelta(seconds=5)
"""How long a snapshot stands while nothing changes but its time, so that its tag is of use."""

Render = Callable[[PublicStatusView, str | None], bytes]
"""Makes a body from a view of everything and the slug of the namespace asked for."""


class Unavailable(WebmonError):
    """The database did not answer."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A body, compressed once for all who ask; ``tag`` names its bytes."""

    body: bytes
    gzipped: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes) -> "Packed":
        """``body``, packed."""
        return cls(body, gzip.compress(body, compresslevel=6, mtime=0), cls.tag_of(body))

    @staticmethod
    def tag_of(body: bytes) -> str:
        """A name for exactly these bytes."""
        return hashlib.sha256(body).hexdigest()[:32]


class Snapshots:
    """One per process. However many ask at once, one of them reads and packs for all."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._everything = Question(_read_everything)
        self._read_at = clock.utcnow() - FRESH
        self._view: PublicStatusView | None = None
        self._packed: dict[tuple[Render, str | None], Packed] = {}

    async def view(self) -> PublicStatusView:
        """The present status of everything.

        Raises:
            Unavailable: the database has not answered yet. Once it has, the last statuses are
                given as they were, with their time.
        """
        async with self._lock:
            return await self._current()

    async def packed(self, render: Render, namespace: str | None) -> Packed:
        """What ``render`` makes of the present status.

        Raises:
            NotFound: from ``render``; nothing is kept of it.
            Unavailable: as `view`.
        """
        async with self._lock:
            view = await self._current()
            key = (render, namespace)
            if key not in self._packed:
                body = await asyncio.to_thread(render, view, namespace)
                self._packed[key] = await asyncio.to_thread(Packed.of, body)
            return self._packed[key]

    def age_seconds(self) -> int:
        """How old the statuses are that were given last; ordinarily 0."""
        age = timedelta(0) if self._view is None else clock.utcnow() - self._view.generated_at
        return int(age.total_seconds()) if age >= KEPT else 0

    async def _current(self) -> PublicStatusView:
        if abs(clock.utcnow() - self._read_at) >= FRESH:
            before, self._view, self._read_at = self._view, None, clock.utcnow()
            try:
                read = await self._everything.answer()
                self._view = before if before and _says_the_same(before, read) else read
            except (db.DatabaseError, OSError) as error:
                # Those that waited behind this one do not wait as long again. The last statuses
                # that are known say themselves how old they are.
                self._read_at, self._view, self._packed = clock.utcnow(), before, {}
                log.warning("the public status could not be read: %s", db.reason(error))
            if self._view is not before:
                self._packed = {}
        if self._view is None:
            raise Unavailable("the status cannot be read at the moment")
        return self._view


def _read_everything() -> PublicStatusView:
    with db.read() as session:
        return public_status(session, now=clock.utcnow(), namespace=None)


def _says_the_same(before: PublicStatusView, after: PublicStatusView) -> bool:
    is_young = timedelta() <= after.generated_at - before.generated_at < KEPT
    return is_young and replace(after, generated_at=before.generated_at) == before


def send(request: Request, packed: Packed, *, cache_control: str, media_type: str) -> Response:
    """The answer to ``request``: 304 where the client has it, compressed where it may be."""
    compress = takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{packed.tag}-gzip"' if compress else f'"{packed.tag}"'
    headers = {"ETag": tag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if has_tag(known, tag) or known == "*":
        return Response(status_code=304, headers=headers)
    if compress:
        headers["Content-Encoding"] = "gzip"
    body = packed.gzipped if compress else packed.body
    return Response(body, headers=headers, media_type=media_type)
