"""Lengths of time as people write them: ``90s``, ``5m``, ``4h``, ``2d``, ``500ms``."""

import re

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 1e12
"""Seconds. What is longer counts as this, which is more than any setting allows."""
PATTERN = re.compile(r"(\d{1,500}(?:\.\d{1,30})?)\s*(ms|s|m|h|d)")


def parse_duration(text: object) -> float:
    """The seconds that ``text`` means.

    Raises:
        ValueError: it is not a number with one of the units.
    """
    match = PATTERN.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(
            f"{repr(text)[:60]} is not a duration: write a number and ms, s, m, h or d, such as 90s"
        )
    number, unit = float(match[1]), match[2]
    return min(number / 1000 if unit == "ms" else number * UNITS[unit], LONGEST)


def format_duration(seconds: float) -> str:
    """``seconds`` in the largest unit that leaves a whole number: 5400 → ``90m``.

    What is read again from the text is exactly as long.
    """
    for unit in ("d", "h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}{unit}"
    if not seconds:
        return "0s"
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds / 1000 == seconds else f"{seconds!r}s"


def in_words(seconds: float) -> str:
    """``seconds`` for people, two units at most: ``1 h 5 min``, ``40 s``."""
    parts = []
    rest = round(seconds)
    for word, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts[:2]) or "0 s"
