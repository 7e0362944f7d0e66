"""Pages of one sheet that the server writes: the steps of signing in that nobody opens twice.

They look like the login, work without scripts and have none.
"""

import re
from html import escape

from fastapi.responses import HTMLResponse

from webmon import frontend
from webmon.api.look import in_look

PLAIN = (
    '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title></title></head>'
    '<body><div class="page"><main>'
)
SCRIPTS = re.compile(r"<script\b.*?</script>|<link[^>]*\bmodulepreload\b[^>]*>", re.DOTALL)
TITLE = re.compile(r"<title>.*?</title>")


def sheet(title: str, html: str, *, error: str = "", status: int = 200) -> HTMLResponse:
    """A page with ``title`` as its heading, what went wrong, and finished ``html``."""
    alert = f'<p class="alert" role="alert">{escape(error)}</p>' if error else ""
    start = TITLE.sub(f"<title>{escape(title)}</title>", _start(), count=1)
    body = f'<div class="sheet"><h1>{escape(title)}</h1>{alert}{html}</div>'
    page = f"{start}{body}</main></div></body></html>"
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store"})


def form(action: str, fields: str, button: str, **hidden: str) -> str:
    """A form that is sent to ``action``."""
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in hidden.items()
        if value
    )
    return (
        f'<form action="{action}" method="post">{kept}{fields}'
        f'<button type="submit">{escape(button)}</button></form>'
    )


def field(label: str, name: str, *, kind: str = "text", hint: str = "", more: str = "") -> str:
    """A field with its label above and a ``hint`` below; ``more`` are further attributes."""
    shown = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    described = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<div class="field"><label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" required{described} {more}>{shown}</div>'
    )


def _start() -> str:
    """The page of the login up to its content, without scripts; plain where nothing is built."""
    path = frontend.static_dir("public") / "login/index.html"
    if not path.exists():
        return PLAIN
    head, found, _ = SCRIPTS.sub("", path.read_text("utf-8")).partition("<main>")
    return in_look(head) + found if found else PLAIN
