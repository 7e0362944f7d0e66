"""Colours as people choose them, and whether text in them can be read (WCAG 2). Pure."""

import re
from math import floor

LEAST = 4.5
LIGHT_PAGE, DARK_PAGE = "#f5f5f3", "#1b1f23"
WHITE, BLACK = "#ffffff", "#10151b"
HEX = re.compile(r"#[0-9a-f]{6}")


def checked_accent(colour: str) -> str:
    """``colour`` as ``#rrggbb``, if text in it can be read on the light page; for pydantic.

    Raises:
        ValueError: it is no colour, or too pale.
    """
    colour = colour.strip().lower()
    if not HEX.fullmatch(colour):
        raise ValueError("must be a colour such as #1b4f8f")
    if (has := contrast(colour, LIGHT_PAGE)) < LEAST:
        has = floor(has * 10) / 10  # never rounded up to what it has to be
        raise ValueError(
            f"is too pale to be read on the page: its contrast is {has} to 1, and has to be "
            f"{LEAST} to 1; {_until_read(colour)} would do"
        )
    return colour


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def accent_css(accent: str) -> str:
    """The style rules that make ``accent`` the accent colour; lighter on the dark page.

    The selectors count for more than those of the style sheet, wherever they stand. ``accent`` is
    one that `checked_accent` let through; empty for the style sheet's own.
    """
    if not accent:
        return ""
    dark = _mixed(accent, WHITE, DARK_PAGE)
    night = f"--accent:{dark};--on-accent:{BLACK}"
    return (
        f"html:root{{--accent:{accent};--on-accent:{WHITE}}}"
        f"@media screen{{html:root[data-theme=dark]{{{night}}}"
        f"@media (prefers-color-scheme:dark){{html:root:not([data-theme=light]){{{night}}}}}}}"
    )


def _until_read(colour: str) -> str:
    return _mixed(colour, "#000000", LIGHT_PAGE)


def _mixed(colour: str, towards: str, page: str) -> str:
    """``colour``, with as much of ``towards`` as it needs to be read on ``page``."""
    for part in range(0, 101, 5):
        pairs = zip(_parts(colour), _parts(towards), strict=True)
        mixed = "#" + "".join(f"{round(a + (b - a) * part / 100):02x}" for a, b in pairs)
        if contrast(mixed, page) >= LEAST:
            return mixed
    return towards


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _luminance(colour: str) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    return sum(w * _linear(p / 255) for w, p in zip(weights, _parts(colour), strict=True))


def _linear(part: float) -> float:
    linear: float = part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
    return linear
