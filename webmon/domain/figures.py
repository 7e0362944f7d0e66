"""Figures as people read them: times and sizes with their unit."""

from webmon.domain.durations import in_words

ABBREVIATIONS = {"url", "http", "tls", "dns", "ip", "ssh", "os", "ttl", "id"}


UNITS = {"seconds", "ms", "percent", "bytes", "at"}
"""Last words of names that say how the value is to be read."""


def milliseconds(microseconds: float | None) -> str:
    """``microseconds`` as people read them: ``0.4 ms``, ``128 ms``, ``13 min``; empty for None."""
    if microseconds is None:
        return ""
    taken = microseconds / 1000
    if taken >= 10_000:
        return in_words(taken / 1000)
    return f"{taken:.1f} ms" if taken < 10 else f"{taken:.0f} ms"


def size(count: float) -> str:
    """``count`` bytes as people read them: ``812 B``, ``1.4 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.1f} {unit}" if count < 10 and unit != "B" else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
