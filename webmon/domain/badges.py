"""Badges: a label and a status as a small SVG, or as shields.io reads it."""

import json
from html import escape

from webmon.domain.checks.status import WORDS, Status

PLANNED, UNKNOWN = "planned downtime", "unknown"
COLOURS = {
    WORDS[Status.UP]: "#1a7f37",
    WORDS[Status.DEGRADED]: "#9a6700",
    WORDS[Status.DOWN]: "#cf222e",
    PLANNED: "#0969da",
}
GREY = "#6e7781"
LONGEST_LABEL = 60
NARROW, WIDE = "fijlrt.,:;|!'()[] -/", "mwMW@%"

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
    'aria-label="{name}"><title>{name}</title>'
    '<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>'
    '<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3d444d"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
    'text-anchor="middle"><text x="{at_left}" y="14" textLength="{long_left}">{label}</text>'
    '<text x="{at_right}" y="14" textLength="{long_right}">{message}</text></g></svg>'
)


def message_of(status: Status, *, planned: bool, stale: bool) -> str:
    """The word on a badge. What is not known, or was known too long ago, is unknown."""
    if stale or status in (Status.UNKNOWN, Status.PAUSED):
        return UNKNOWN
    return PLANNED if planned else WORDS[status]


def as_svg(label: str, message: str) -> bytes:
    """The badge, 20 pixels high; it loads nothing."""
    label = _shortened(label)
    left, right = _width(label), _width(message)
    return SVG.format(
        name=escape(f"{label}: {message}"),
        label=escape(label),
        message=escape(message),
        colour=COLOURS.get(message, GREY),
        width=left + right,
        left=left,
        right=right,
        at_left=left / 2,
        at_right=left + right / 2,
        long_left=left - 10,
        long_right=right - 10,
    ).encode()


def as_endpoint(label: str, message: str) -> bytes:
    """What shields.io/endpoint makes a badge of."""
    found = {
        "schemaVersion": 1,
        "label": _shortened(label),
        "message": message,
        "color": COLOURS.get(message, GREY),
        "isError": message == WORDS[Status.DOWN],
    }
    return json.dumps(found, ensure_ascii=False).encode()


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _width(text: str) -> int:
    """About as wide as Verdana draws it at 11 pixels, and a margin of 5 on each side."""
    return 10 + sum(map(_advance, text))


def _advance(character: str) -> int:
    if character in NARROW:
        return 4
    return 10 if character in WIDE or character > "\u2e80" else 7
