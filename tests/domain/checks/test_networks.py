"""Which addresses may be looked at: for everybody, for people limited to namespaces, for nobody."""

import pytest

from webmon.domain.checks.networks import Reach, parse_networks, reach_of

ANYBODY = Reach()
NOBODY_INSIDE = Reach(private=False)

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "0.1.2.3",
    "255.255.255.255",
    "224.0.0.1",
    "::",
    "fe80::1",
    "fe80::1%1",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:0:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "2001:0:102:304:0:0:5601:5601",
    "2001:db8::5efe:a9fe:a9fe",
    "[::ffff:169.254.169.254]",
]
PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "::1",
    "fd12:3456::1",
    "::ffff:10.0.0.7",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:7",
    "2002:a00:7::1",
]
PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("ip", NEVER)
@pytest.mark.parametrize(
    "reach", [ANYBODY, NOBODY_INSIDE, Reach(networks=parse_networks(["::/0"]))]
)
def test_link_local_and_metadata_addresses_are_never_looked_at(reach: Reach, ip: str) -> None:
    assert "is never looked at" in reach.refusal(ip)


@pytest.mark.parametrize("ip", PRIVATE)
def test_private_addresses_are_a_matter_of_the_setting(ip: str) -> None:
    assert ANYBODY.refusal(ip) == ""
    assert "is a private address" in NOBODY_INSIDE.refusal(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_are_everybodys(ip: str) -> None:
    assert NOBODY_INSIDE.refusal(ip) == ""


@pytest.mark.parametrize(
    ("ip", "allowed"),
    [("10.1.0.7", True), ("10.2.0.7", False), ("::ffff:10.1.0.7", True), ("fd12::7", True)],
)
def test_networks_that_were_allowed_are_looked_at(ip: str, allowed: bool) -> None:
    reach = reach_of(networks=["10.1.0.0/16", "fd12::/16"], limited=True, private=True)
    assert (reach.refusal(ip) == "") is allowed


def test_for_people_limited_to_namespaces_the_setting_does_not_count() -> None:
    limited = reach_of(networks=[], limited=True, private=True)
    assert "has not allowed its network" in limited.refusal("10.0.0.7")
    others = reach_of(networks=[], limited=False, private=True)
    assert others.refusal("10.0.0.7") == ""
    refused = reach_of(networks=[], limited=False, private=False)
    assert "WEBMON_PRIVATE_NETWORKS is refuse" in refused.refusal("10.0.0.7")


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"wrong: 10\.0\.0\.0/99"):
        parse_networks(["10.1.0.0/16", "10.0.0.0/99"])
