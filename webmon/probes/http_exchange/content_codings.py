"""Undoing the compression of a body, no further than is wanted: a small one may hold gigabytes."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
import zstandard

from webmon.probes.wire.texts import excerpt

MOST_CODINGS = 3
"""A body that is compressed more often is meant to keep us busy."""

GZIP, ZLIB, RAW = 31, 15, -15
ZSTD_WINDOW = 8 * 1024 * 1024
"""The largest that a browser takes (RFC 8878, 3.1.1.1.2)."""


class Unpacked(NamedTuple):
    """A body, as far as it could be unpacked."""

    body: bytes
    is_cut: bool = False
    """Whether there is more of it than was wanted."""
    fault: str | None = None
    """Why it is not a body that a browser would show."""
    unreadable: str | None = None
    """Why nothing can be said about its text, though nothing is wrong with it."""


def unpack(codings: list[str], raw: bytes, most_bytes: int, *, ends_early: bool) -> Unpacked:
    """``raw`` without its ``codings``, which are in the order in which they were applied.

    ``ends_early`` says that the rest of it was not read, so that an early end means nothing.
    """
    if not raw:
        return Unpacked(raw)
    if len(codings) > MOST_CODINGS:
        return Unpacked(raw, fault=f"the body is compressed more than {MOST_CODINGS} times")
    body, is_cut = raw, ends_early
    for coding in reversed(codings):
        name = coding.strip().lower()
        if name in ("identity", "", "none"):
            continue
        undo = _CODINGS.get(name)
        if undo is None:
            why = f"the body has the coding {excerpt(name, 20)}, which cannot be read here"
            return Unpacked(body, is_cut, unreadable=why)
        try:
            body, there_is_more, is_complete = undo(body, most_bytes)
        except (zlib.error, brotli.error, zstandard.ZstdError, MemoryError):
            return Unpacked(b"", is_cut, f"the body is not valid {excerpt(name, 20)}")
        if not is_complete and not there_is_more and not is_cut:
            return Unpacked(body, is_cut, f"the body is cut short: its {name} has no end")
        is_cut |= there_is_more
    return Unpacked(body, is_cut)


Result = tuple[bytes, bool, bool]
"""The body, whether there is more, and whether its end was reached."""


def _inflate(raw: bytes, most: int, form: int) -> Result:
    parts, room, rest = [], most + 1, raw
    while True:
        engine = zlib.decompressobj(form)
        part = engine.decompress(rest, room)
        parts.append(part)
        room -= len(part)
        rest = engine.unused_data.lstrip(b"\0")
        if room <= 0:
            return b"".join(parts)[:most], True, False
        if not engine.eof or form != GZIP or rest[:2] != b"\x1f\x8b":
            return b"".join(parts), False, engine.eof


def _gzip(raw: bytes, most: int) -> Result:
    return _inflate(raw, most, GZIP)


def _deflate(raw: bytes, most: int) -> Result:
    """Zlib's form by the standard, the bare one by many servers; browsers take both."""
    try:
        return _inflate(raw, most, ZLIB)
    except zlib.error:
        return _inflate(raw, most, RAW)


def _brotli(raw: bytes, most: int) -> Result:
    engine, parts, size, data = brotli.Decompressor(), [], 0, raw
    while size <= most:
        part = engine.process(data, output_buffer_limit=64 * 1024)
        data = b""
        parts.append(part)
        size += len(part)
        if engine.is_finished() or (not part and engine.can_accept_more_data()):
            return b"".join(parts), False, engine.is_finished()
    return b"".join(parts)[:most], True, False


def _zstd(raw: bytes, most: int) -> Result:
    engine = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    body = engine.stream_reader(raw, read_across_frames=True).read(most + 1)
    if len(body) > most:
        return body[:most], True, False
    rest, is_complete = raw, False
    while rest:  # once more, to see whether it has an end; how much it holds is known now
        frame = engine.decompressobj()
        frame.decompress(rest)
        is_complete, rest = frame.eof, frame.unused_data
    return body, False, is_complete


_CODINGS: dict[str, Callable[[bytes, int], Result]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
