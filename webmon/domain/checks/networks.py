"""Which addresses may be looked at, and for whom. Pure: the settings come in as values.

Three kinds of address: those that are never looked at (link-local, cloud metadata, multicast),
private ones (this machine and the networks inside), and public ones. An IPv4 address that is
carried inside an IPv6 one counts as itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_NETWORKS = 50

NEVER: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",  # "this host": Linux connects it to itself
        "169.254.0.0/16",  # link-local, and with it the metadata of most clouds
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "192.0.0.192/32",  # of Oracle Cloud
        "168.63.129.16/32",  # of Azure
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "fd00:ec2::/32",  # metadata and name server of AWS
        "fd20:ce::254/128",  # of Google Cloud
        "fd00:42::42/128",  # of Scaleway
        "ff00::/8",
    )
)

LOOPBACK = IPv6Address("::1")
LOW_32 = 0xFFFF_FFFF
CARRIERS: dict[Network, Callable[[int], list[int]]] = {
    ip_network("::ffff:0:0/96"): lambda bits: [bits & LOW_32],  # IPv4-mapped
    ip_network("::ffff:0:0:0/96"): lambda bits: [bits & LOW_32],  # SIIT
    ip_network("::/96"): lambda bits: [bits & LOW_32],  # IPv4-compatible
    ip_network("64:ff9b::/96"): lambda bits: [bits & LOW_32],  # NAT64
    # NAT64 of a site: the place depends on the length of its prefix (RFC 6052, 2.2).
    ip_network("64:ff9b:1::/48"): lambda bits: [
        bits & LOW_32,
        (bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF,
    ],
    ip_network("2002::/16"): lambda bits: [bits >> 80 & LOW_32],  # 6to4
    ip_network("2001::/32"): lambda bits: [bits >> 64 & LOW_32, ~bits & LOW_32],  # Teredo
}
ISATAP = {0x0000_5EFE, 0x0200_5EFE}


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks such as ``10.0.0.0/8``; an address means itself.

    Raises:
        ValueError: one of them is none; the text names it.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            raise ValueError(
                f"must be networks such as 10.1.0.0/16 or 2001:db8::/32 (wrong: {text[:50]})"
            ) from None
    return tuple(found)


def is_never_reached(network: Network) -> bool:
    """Whether nothing in it is ever looked at."""
    return any(
        network.version == each.version and network.subnet_of(each)  # type: ignore[arg-type]
        for each in NEVER
    )


def parse_address(text: str) -> Address | None:
    """The address that ``text`` is, also in square brackets; None for a name."""
    try:
        return ip_address(text.strip().strip("[]"))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def meant_by(address: Address) -> tuple[Address, ...]:
    """The addresses that a packet to this one may end at: those it carries, else itself."""
    if isinstance(address, IPv4Address) or address == LOOPBACK:
        return (address,)
    bits = int(address)
    carried = [
        IPv4Address(each)
        for network, read in CARRIERS.items()
        if address in network
        for each in read(bits)
    ]
    if (bits >> 32) & LOW_32 in ISATAP:
        return (IPv6Address(bits), IPv4Address(bits & LOW_32))
    return tuple(carried) or (IPv6Address(bits),)  # without a scope, which no network has


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be looked at: everything public, and of what is private this."""

    private: bool = True
    """All of it, as far as anybody may look at all."""
    networks: tuple[Network, ...] = ()
    """These, for every value of ``private``."""
    why: str = "WEBMON_PRIVATE_NETWORKS is refuse"
    """What keeps the rest from being looked at, for the message."""

    def refusal(self, ip: str) -> str:
        """Why this address is not looked at; empty where it may be."""
        return _refusal(self, ip)

    def is_allowed(self, *addresses: Address) -> bool:
        """Whether one of these is in a network that is allowed for every value of ``private``."""
        return any(each in network for network in self.networks for each in addresses)


@lru_cache(maxsize=4096)  # each check asks, and most ask the same again: 10 µs each
def _refusal(reach: Reach, ip: str) -> str:
    address = parse_address(ip)
    if address is None:
        return f"{ip[:100]} is not an address"
    for each in meant_by(address):
        if any(each in network for network in NEVER):
            return f"{ip} is never looked at: link-local, cloud metadata or multicast"
    if reach.private:
        return ""
    if all(each.is_global or reach.is_allowed(each, address) for each in meant_by(address)):
        return ""
    return f"{ip} is a private address, and {reach.why}"


ANYWHERE = Reach()
"""For what the settings of this installation name."""

NOT_OF_NAMESPACE = (
    "an administrator of all namespaces has not allowed its network for this namespace"
)


def reach_of(*, networks: Iterable[str], limited: bool, private: bool) -> Reach:
    """What something may look at: ``networks`` are its namespace's, ``limited`` says that somebody
    limited to namespaces has chosen where it looks, ``private`` is the installation's setting."""
    if not limited:
        return Reach(private, parse_networks(networks))
    return Reach(False, parse_networks(networks), NOT_OF_NAMESPACE)
