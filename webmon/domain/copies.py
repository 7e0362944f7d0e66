"""The copy of a thing: its name, and where it looks when it is for another address. Pure."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

LONGEST_NAME = 100
ENDING = " copy"


def copy_name(name: str) -> str:
    """``name`` with “copy” after it, no longer than a name may be."""
    return name[: LONGEST_NAME - len(ENDING)].rstrip() + ENDING


def at_address(config: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    """A service's config with ``after`` wherever it names the host's address ``before``.

    Only whole values and the hosts of URLs count; empty addresses change nothing.
    """
    if not before or not after or before == after:
        return config
    return {name: _moved(value, before, after) for name, value in config.items()}


def _moved(value: Any, before: str, after: str) -> Any:
    if isinstance(value, dict):
        return at_address(value, before, after)
    if not isinstance(value, str):
        return value
    return after if value == before else _moved_url(value, before, after)


def _moved_url(text: str, before: str, after: str) -> str:
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        return text
    if not url.scheme or host != before.lower():
        return text
    login, at, _ = url.netloc.rpartition("@")
    named = f"[{after}]" if ":" in after else after
    return urlunsplit(url._replace(netloc=f"{login}{at}{named}" + (f":{port}" if port else "")))
