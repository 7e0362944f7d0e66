"""What a client takes and has: `Accept`, `Accept-Encoding` (RFC 9110, 12.5) and `If-None-Match`
(13.1.2). Pure."""

import re

PROBLEM, JSON, HTML = "application/problem+json", "application/json", "text/html"

_QUALITY = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a body is to be sent compressed: gzip is taken, and not less than plain."""
    said = _qualities(accept_encoding)
    gzip = said.get("gzip", said.get("x-gzip", said.get("*", 0.0)))
    return gzip > 0 and gzip >= said.get("identity", 0.0)


def wants_page(accept: str) -> bool:
    """Whether an error is to be said in a page: HTML is named, and liked no less than JSON.

    Browsers name it. Who takes anything, as curl does, gets what machines read.
    """
    said = _qualities(accept)
    page = said.get(HTML, 0.0)
    return page > 0 and page >= max(said.get(PROBLEM, 0.0), said.get(JSON, 0.0))


def has_tag(if_none_match: str, tag: str) -> bool:
    """Whether the client has what is tagged so: ``If-None-Match`` names it, weakly or not."""
    return tag in (each.strip().removeprefix("W/") for each in if_none_match.split(","))


def _qualities(header: str) -> dict[str, float]:
    """What each name in the header is worth, from 0 (not taken) to 1."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name:
            values = [each for each in map(_QUALITY.fullmatch, parameters) if each]
            found[name.lower()] = float(values[0][1]) if values else 1.0
    return found
