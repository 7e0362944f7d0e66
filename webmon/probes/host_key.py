"""The key by which a host proves who it is, and how it is compared with the pinned one.

The first key that is seen at a port is pinned: `commands.checks.host_keys` stores it.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

PINNED_KEY = "pinned_key"
"""In the evidence of a check that met another key: the port, and the fingerprint of the pinned one.
The page that asks whether the new key is right reads it there."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key by which a host proves who it is."""

    port: int
    type: str
    key: str
    """As in known_hosts: base64."""

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it: ``SHA256:…``."""
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

    def pinned(self, first_seen_at: str) -> dict[str, str]:
        """What is stored of it."""
        return {
            "type": self.type,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "first_seen_at": first_seen_at,
        }


class ChangedHostKey(Exception):
    """The host shows another key than the pinned one, which stands in ``pinned_key``."""

    def __init__(self, port: int, pinned: Mapping[str, str], seen: HostKey) -> None:
        super().__init__(
            f"host key changed: {seen.fingerprint} instead of {pinned['fingerprint']} "
            f"(first seen {_day(pinned['first_seen_at'])})"
        )
        self.pinned_key = {"port": port, "fingerprint": pinned["fingerprint"]}


def compare(port: int, pinned: Mapping[str, str] | None, seen: HostKey | None) -> None:
    """Compare what the host shows with the pinned key, if there is one.

    Raises:
        ChangedHostKey: the fingerprints differ.
    """
    if pinned is not None and seen is not None and pinned["fingerprint"] != seen.fingerprint:
        raise ChangedHostKey(port, pinned, seen)


def _day(instant: str) -> str:
    day = datetime.fromisoformat(instant)
    return f"{day.day} {day:%b %Y}"
