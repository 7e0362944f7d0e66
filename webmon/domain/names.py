"""What people may call things: a name is one line, and everybody sees it as it is."""

import unicodedata

INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Count as letters or symbols and show nothing."""

JOINERS = frozenset("\u200c\u200d")
"""Inside a word they shape Persian and Indic letters, and emoji of several parts."""


def checked_name(name: str) -> str:
    """The same name.

    Raises:
        ValueError: it has a line break, a control character or one that turns the direction of
            writing, or nothing in it can be seen.
    """
    for character in name:
        if character in JOINERS or character.isprintable() or character == "\u00a0":
            continue
        raise ValueError(f"has a character that cannot be seen (U+{ord(character):04X})")
    if not any(_is_visible(character) for character in name):
        raise ValueError("must have characters that can be seen")
    return name


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in INVISIBLE
