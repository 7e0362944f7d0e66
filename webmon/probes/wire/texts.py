"""Texts that come from the network, made fit to be shown and stored."""

MOST_REPEATED = 80
"""Characters of an answer that are stored and shown in one place: enough to see what differs, and
not a way to read what only this monitor's network can reach."""


def excerpt(text: str, limit: int = MOST_REPEATED) -> str:
    """The beginning of ``text``: at most ``limit`` characters, all of them printable."""
    shown = text[: 2 * limit].replace("\r\n", "\n")[:limit]
    if not shown.isprintable():
        shown = "".join(_printable(character) for character in shown)
    return f"{shown}…" if len(text) > len(shown) and len(shown) == limit else shown


def _printable(character: str) -> str:
    return character if character.isprintable() or character in "\n\t" else "\ufffd"


def quoted(text: str, limit: int = 60) -> str:
    """The beginning of ``text`` on one line, in quotation marks."""
    return f"“{excerpt(' '.join(text[: limit * 4].split()), limit)}”"


def milliseconds(microseconds: int) -> str:
    """A length of time as people read it: ``0.4 ms``, ``12 ms``."""
    taken = microseconds / 1000
    return f"{taken:.1f} ms" if taken < 10 else f"{taken:.0f} ms"
