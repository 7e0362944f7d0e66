"""Where the focus goes after an event, unless the person has moved it meanwhile."""

import reflex as rx
from reflex_base.event import EventSpec

# The browser has drawn the change by then.
SOON_MS = 60

# What was focused may be gone with the change; then the body has the focus.
FOCUS = """(() => {{
  const before = document.activeElement;
  {first}
  setTimeout(() => {{
    const now = document.activeElement;
    if (now === before || now === document.body) {{ {move} }}
  }}, {soon_ms});
}})()"""


def _focus(move: str, first: str = "") -> EventSpec:
    script: EventSpec = rx.call_script(FOCUS.format(move=move, first=first, soon_ms=SOON_MS))
    return script


def focus_on(selector: str) -> EventSpec:
    """Focus the first element that ``selector`` finds."""
    return _focus(f"document.querySelector({selector!r})?.focus();")


# Who already types in the form stays there.
FOCUS_FORM = _focus(
    "if (!now.closest('form.form')) document.querySelector('form.form .control')?.focus();",
    "globalThis.openedBy = before;",
)
FOCUS_OPENER = _focus(
    "(globalThis.openedBy?.isConnected ? globalThis.openedBy"
    " : document.getElementById('main'))?.focus();"
)
FOCUS_LIST = _focus(
    "const list = document.querySelector('main > ol');"
    "list?.scrollIntoView(); list?.focus({preventScroll: true});"
)
"""Another page of a list is read from its top."""
FOCUS_MISTAKE = focus_on("form [aria-invalid=true], form [role=alert]")
