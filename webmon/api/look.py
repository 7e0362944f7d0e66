"""The name and the colours of the installation, put into the pages that the server fills in."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import urlencode

from webmon import db
from webmon.domain.colours import accent_css
from webmon.queries.installation import accents, installation, page_address
from webmon.queries.logos import logo_digests
from webmon.queries.outside_apps import provider

FRESH_SECONDS = 5.0
PLACE = re.compile(r'(<div\b[^>]*\bid="brand"[^>]*>).*?(?=</div>)', re.DOTALL)
DEFAULT = "Status"

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Look:
    """What the database said last, and when that was."""

    at: float = -FRESH_SECONDS
    name: str = ""
    css: str = ""
    """Style rules for the accent colour."""
    own_address: str = ""
    """That of the public page; empty where it has none of its own."""
    has_provider: bool = False
    logos: Mapping[str, str] = field(default_factory=dict)
    """The digests of logos, by slug; that of the installation has the empty one."""
    css_of: Mapping[str, str] = field(default_factory=dict)
    """Those of namespaces that have a colour of their own, by slug."""


_kept = _Look()


def in_look(page: str, namespace: str = "") -> str:
    """``page`` under the installation's name and in its colour, or that of the namespace with this
    slug. Asks the database now and then."""
    look = _look()
    logo = _logo(look, namespace)
    link = f'<a class="brand" href="/status/">{logo}{escape(look.name or DEFAULT)}</a>'
    page = PLACE.sub(lambda match: match[1] + link, page, count=1)
    css = look.css_of.get(namespace, look.css)
    return page.replace("</head>", f"<style>{css}</style></head>", 1) if css else page


def _logo(look: _Look, namespace: str) -> str:
    slug = namespace if namespace in look.logos else ""
    if slug not in look.logos:
        return ""
    whose = {"namespace": slug} if slug else {}
    query = urlencode({**whose, "v": look.logos[slug][:12]})
    return f'<img src="/status/logo?{escape(query)}" alt="">'


def public_page(namespace: str = "") -> str:
    """The address of the public page, narrowed to the namespace with this slug."""
    return page_address(_look().own_address, namespace)


def has_provider() -> bool:
    """Whether people can sign in by an identity provider."""
    return _look().has_provider


def _look() -> _Look:
    """Name and style rules; the last ones known while the database does not answer."""
    global _kept
    found = _kept
    if time.monotonic() - found.at < FRESH_SECONDS or not _lock.acquire(blocking=False):
        return found
    try:
        with db.read() as session:
            present, colours, logos = installation(session), accents(session), logo_digests(session)
            provided = bool(provider(session).issuer)
        css_of = {slug: accent_css(accent) for slug, accent in colours.items()}
        found = _Look(
            time.monotonic(),
            present.site_name,
            accent_css(present.accent),
            present.public_address,
            provided,
            logos,
            css_of,
        )
    except db.DatabaseError:  # the page is there all the same
        found = replace(found, at=time.monotonic())
    finally:
        _kept = found
        _lock.release()
    return found


def forget() -> None:
    """Ask again at the next page."""
    global _kept
    _kept = _Look()
