"""How long to wait after failed logins: nothing at first, then twice as long each time."""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

FREE_PER_ACCOUNT = 5
FREE_PER_ADDRESS = 20
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


def account_subject(email: str) -> str:
    """The name under which an account's failures are counted, whether it exists or not."""
    return f"account:{email}"


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
