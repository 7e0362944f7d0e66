"""The name and the colour of the installation, put into the pages that the server fills in."""

import re
import threading
import time
from html import escape

from webmon import db
from webmon.domain.colours import accent_css
from webmon.queries.installation import installation

FRESH_SECONDS = 5.0
PLACE = re.compile(r'(<div\b[^>]*\bid="brand"[^>]*>).*?(?=</div>)', re.DOTALL)
DEFAULT = "Status"

_lock = threading.Lock()
_kept: tuple[float, str, str] = (-FRESH_SECONDS, "", "")


def in_look(page: str) -> str:
    """``page`` under the installation's name and in its colour. Asks the database now and then."""
    name, css = _look()
    link = f'<a class="brand" href="/status/">{escape(name or DEFAULT)}</a>'
    page = PLACE.sub(lambda match: match[1] + link, page, count=1)
    return page.replace("</head>", f"<style>{css}</style></head>", 1) if css else page


def _look() -> tuple[str, str]:
    """Name and style rules; the last ones known while the database does not answer."""
    global _kept
    at, name, css = _kept
    if time.monotonic() - at < FRESH_SECONDS or not _lock.acquire(blocking=False):
        return name, css
    try:
        with db.read() as session:
            present = installation(session)
        name, css = present.site_name, accent_css(present.accent)
    except db.DatabaseError:
        pass  # the page is there all the same
    finally:
        _kept = time.monotonic(), name, css
        _lock.release()
    return name, css


def forget() -> None:
    """Ask again at the next page."""
    global _kept
    _kept = (-FRESH_SECONDS, "", "")
