"""Which character set a body is in, as browsers find out (WHATWG Encoding, HTML 13.2.3)."""

import codecs
import re

import webencodings  # type: ignore[import-untyped]

PRESCANNED = 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_WIDER = {
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
}
"""What the web means by a name, where Python means less by it."""

_HEADER = re.compile(r"charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;\"']+))", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(-->|$)", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]*?charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]+)[\"']")


def decode_text(body: bytes, content_type: str = "") -> str:
    """The body as text; never fails. Where nothing says what it is in, UTF-8 if it is that."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, errors="replace")
    if (told := declared(body, content_type)) is not None:
        return _decoded(body, told)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body)  # its last letter may be cut
    except UnicodeDecodeError:
        return _decoded(body, "cp1252")


def declared(body: bytes, content_type: str) -> str | None:
    """Python's name of the character set that header, ``<meta>`` or XML declaration name."""
    found = _HEADER.search(content_type)
    if found and (name := _codec(found[1] or found[2] or found[3] or "")):
        return name
    beginning = body[:PRESCANNED]
    if found_in_xml := _XML.match(beginning):
        return _in_ascii(found_in_xml[1])
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("", "text/html", "application/xhtml+xml") and (
        found_in_meta := _META.search(_COMMENT.sub(b"", beginning))
    ):
        return _in_ascii(found_in_meta[1])
    return None


def _in_ascii(label: bytes) -> str | None:
    """What names itself in letters of ASCII is not UTF-16, even if it says so."""
    name = _codec(label.decode("ascii", "replace"))
    return "utf-8" if name in ("utf-16-be", "utf-16-le") else name


def _codec(label: str) -> str | None:
    found = webencodings.lookup(label)
    if found is None:
        return None
    return _WIDER.get(found.name, str(found.codec_info.name))


def _decoded(body: bytes, name: str) -> str:
    try:
        return body.decode(name, errors="replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", errors="replace")
