"""Tags: short words by which hosts are found and changed together."""

import re
from collections.abc import Iterable

MOST = 10
LONGEST = 30
PATTERN = re.compile(r"[\w.:/-]+")


def read_tags(told: object) -> list[str]:
    """The tags in ``told``, a list or a text with commas: lower case, in order, each once.

    Raises:
        ValueError: they are too many, too long, or of other characters.
    """
    parts: Iterable[object] = told.split(",") if isinstance(told, str) else _listed(told)
    tags = sorted({str(part).strip().lower() for part in parts} - {""})
    if len(tags) > MOST:
        raise ValueError(f"must be {MOST} tags at most")
    for tag in tags:
        if len(tag) > LONGEST or not PATTERN.fullmatch(tag):
            raise ValueError(
                f"{tag[:LONGEST]!r} is no tag: letters, digits and . : / - _, {LONGEST} at most"
            )
    return tags


def _listed(told: object) -> Iterable[object]:
    if not isinstance(told, list | tuple) or not all(isinstance(each, str) for each in told):
        raise ValueError("must be a list of tags")
    return told
