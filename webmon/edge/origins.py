"""Which addresses are ours: what the page that sends a request is compared with."""

import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

DEFAULT_PORTS = {"http": 80, "https": 443}
MOST_TOLD = 20

Place = tuple[str, int | None]
"""Host, and port; None for the usual one of the scheme."""


def is_ours(origin: str, hosts: Iterable[str], base_url: str) -> bool:
    """Whether ``origin`` is one of ``hosts`` (values of Host headers) or the base URL.

    A port that is the usual one of the origin's scheme may be left out on either side.
    """
    scheme = origin.partition("://")[0].lower()
    place = _place(origin, scheme)
    if place is None:
        return False
    if base_url and scheme == urlsplit(base_url).scheme and place == _place(base_url, scheme):
        return True
    return any(place == _place(f"{scheme}://{host}", scheme) for host in hosts if host)


def _place(address: str, scheme: str) -> Place | None:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or scheme not in DEFAULT_PORTS or parts.username is not None:
        return None
    return host, None if port == DEFAULT_PORTS[scheme] else port


class Comparisons:
    """Tells the log of refused origins, each once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, ...]] = set()

    def tell(self, origin: str, host: str, forwarded_host: str, base_url: str) -> None:
        """An ``origin`` was refused that is none of the others."""
        compared = origin, host, forwarded_host, base_url
        if compared not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(compared)
            log.warning(
                "a request was refused because it came from a page of another site: its Origin is "
                '"%s", the Host header "%s", X-Forwarded-Host "%s" (believed only with '
                'WEBMON_TRUSTED_PROXIES), WEBMON_BASE_URL "%s"',
                *(each[:200] for each in compared),
            )
