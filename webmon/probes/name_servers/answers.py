"""DNS records as texts, and whether they are the expected ones."""

import ipaddress
import re

import dns.message
import dns.rdata
import dns.rdatatype

from webmon.probes.wire.texts import excerpt

MOST_SHOWN = 5
_PIECES = re.compile(r'(?<!\\)"\s+"')


def text_of(record: dns.rdata.Rdata) -> str:
    """A record as people write it: without the last dot, a TXT without its quotation marks."""
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(getattr(record, "strings", ())).decode("utf-8", errors="replace")
    text = record.to_text()
    is_name = text.endswith(".") and not text.endswith(" .") and len(text) > 1
    return text[:-1] if is_name else text


def end_of_alias(message: dns.message.Message) -> str | None:
    """The last name that the aliases in an answer lead to; None where there are none."""
    names = {
        rrset.name: each.target
        for rrset in message.answer
        if rrset.rdtype == dns.rdatatype.CNAME
        for each in rrset
    }
    if not message.question:
        return None
    name = start = message.question[0].name
    for _ in range(len(names)):
        name = names.get(name, name)
    return None if name == start else str(name).rstrip(".")


def listed(texts: list[str]) -> str:
    """The first of ``texts`` in one sentence."""
    shown = ", ".join(excerpt(text) for text in texts[:MOST_SHOWN])
    more = len(texts) - MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def has_all(records: list[dns.rdata.Rdata], expect: str) -> bool:
    """Whether ``expect`` is among the records as it is; if not, whether each of its parts is."""
    present = {_normal(form) for record in records for form in _forms(record)}
    parts = expected_parts(expect)
    return _normal(expect) in present or all(_normal(part) in present for part in parts)


def expected_parts(expect: str) -> list[str]:
    """The expected answers: what stands between the commas."""
    return [part.strip() for part in expect.split(",") if part.strip()]


def _forms(record: dns.rdata.Rdata) -> list[str]:
    """What may be written for a record: all of it, or only the host it names."""
    hosts = (getattr(record, name, None) for name in ("exchange", "target", "mname"))
    return [text_of(record), *(str(host) for host in hosts if host is not None)]


def _normal(text: str) -> str:
    """``text`` without differences that mean nothing: case, quotation marks, the last dot."""
    in_one_piece = _PIECES.sub("", text)  # a long TXT as dig prints it
    plain = " ".join(in_one_piece.replace('"', "").split()).casefold().rstrip(".")
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        return plain
