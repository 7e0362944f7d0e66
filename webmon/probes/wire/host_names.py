"""Names of hosts: how they are written on the wire, and what a look-up asks for.

Every kind of check uses these, so that a name means the same machine to all of them, and the one
that a browser would open (IDNA 2008 with the mapping of UTS 46).
"""

import re
from functools import lru_cache
from pathlib import Path

import idna

from webmon.domain.checks.networks import parse_address

HOSTS_FILE = Path("/etc/hosts")

_NUMBER = re.compile(r"(0x[0-9a-f]*|\d+)\.?", re.IGNORECASE)
_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.[\w-]{1,63})*\.?", re.ASCII)
_WIDE_DOTS = re.compile("[\u3002\uff0e\uff61]")


@lru_cache(maxsize=4096)
def ascii_name(host: str) -> str:
    """``host`` as DNS, TLS and HTTP write it: ``straße.example`` is ``xn--strae-oqa.example``.

    Addresses and names in ASCII stay as they are.

    Raises:
        ValueError: it is no name that may be registered; the text helps.
    """
    if host.isascii():
        return host
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        return ".".join(_ascii_label(label) for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"{host[:100]} is not a valid name of a host{_hint(host)}") from None


def _ascii_label(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode("ascii")


def _hint(host: str) -> str:
    """How a name with emoji or other symbols, which IDNA 2008 leaves out, can be written."""
    labels = _WIDE_DOTS.sub(".", host.lower()).split(".")
    coded = [
        each if each.isascii() else f"xn--{each.encode('punycode').decode('ascii')}"
        for each in labels
    ]
    name = ".".join(coded)
    return f" (symbols and emoji must be written as {name})" if len(name) < 200 else ""


def is_name_or_address(text: str) -> bool:
    """Whether ``text``, in ASCII, may be the name of a server, or its address."""
    if len(text) > 253:
        return False
    return bool(_NAME.fullmatch(text)) or parse_address(text) is not None


def server_name_of(host: str) -> str:
    """The name that a server's certificate must be for: ASCII, no brackets, no last dot, no zone.

    Never fails: what is no valid name is refused when it is looked up.
    """
    plain = host.strip().strip("[]").rstrip(".").partition("%")[0]
    try:
        return ascii_name(plain)
    except ValueError:
        return plain


def name_to_look_up(host: str) -> str:
    """``host`` as it is given to the system's resolver.

    A name with a dot is looked up as it stands: a search domain's wildcard must not answer for a
    site that is gone. What stands in the hosts file, a name without a dot, and what is an address
    in disguise (``127.1``) are left to the resolver.
    """
    name = ascii_name(host)
    plain = name.rstrip(".")
    if "." not in plain or _NUMBER.fullmatch(plain.rpartition(".")[2]) or _stands_in_file(plain):
        return plain if plain else name
    return f"{plain}."


def _stands_in_file(name: str) -> bool:
    try:
        changed = HOSTS_FILE.stat().st_mtime_ns
    except OSError:
        return False
    return name.lower() in _names_in_file(HOSTS_FILE, changed)


@lru_cache(maxsize=2)
def _names_in_file(path: Path, _changed: int) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    words = (line.partition("#")[0].split() for line in lines)
    return frozenset(name.lower().rstrip(".") for each in words for name in each[1:])
