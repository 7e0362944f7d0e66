"""How long to wait after failed logins: nothing at first, then twice as long each time.

Failures count against an address, and against an account as tried from that address, so that
strangers cannot lock its owner out. A browser that has signed in to the account before counts by
itself. Many failures of one account from anywhere make no block, only slower answers.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

FREE_PER_PAIR = 5
FREE_PER_ADDRESS = 20
FREE_PER_ACCOUNT = 100
"""From anywhere; after that, browsers that are not known for the account have to be patient."""
LONGEST_SECONDS = 15 * 60
LONGEST = timedelta(seconds=LONGEST_SECONDS)
FORGOTTEN_AFTER = timedelta(days=1)
"""Failures count together until there was none for so long."""


def wait_after(failures: int, free: int) -> timedelta:
    """The block that follows the given number of failures, the first ``free`` of them at no cost.

    The sixth costs 2 s, then 4, 8 … up to 15 minutes.
    """
    if failures <= free:
        return timedelta(0)
    return timedelta(seconds=min(2 ** min(failures - free, 20), LONGEST_SECONDS))


@dataclass(frozen=True, slots=True)
class Subject:
    """What failures are counted against."""

    name: str
    free: int
    blocks: bool = True
    """Whether too many make a block; else they only make answers slower."""
    is_cleared: bool = False
    """Whether a success clears all failures; else it only does not count as one."""


def subjects(email: str, address: str, device: str | None) -> list[Subject]:
    """What an attempt counts against. ``device`` is a known browser's id, else None.

    The account counts whether it exists or not.
    """
    if device is not None:
        return [Subject(f"device:{device}", FREE_PER_PAIR, is_cleared=True)]
    client = address_subject(address)
    return [
        Subject(client, FREE_PER_ADDRESS),
        Subject(f"{pairs_of(email)}{client}", FREE_PER_PAIR, is_cleared=True),
        Subject(account_subject(email), FREE_PER_ACCOUNT, blocks=False),
    ]


def account_subject(email: str) -> str:
    """The name under which an account's failures from anywhere are counted."""
    return f"account:{email}"


def pairs_of(email: str) -> str:
    """How the names of the pairs of this account and an address begin."""
    return f"pair:{sha256(email.encode(errors='replace')).hexdigest()[:32]}:"


def address_subject(address: str) -> str:
    """The name under which a client's failures are counted.

    An IPv6 client usually has 2^64 addresses, so its network is counted.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "address:unknown"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return f"address:{ip.ipv4_mapped}"
        return f"address:{ip_network((int(ip), 64), strict=False)}"
    return f"address:{ip}"
