"""Where the focus goes after an event, unless the person has moved it meanwhile."""

import reflex as rx
from reflex_base.event import EventSpec

# The browser has drawn the change by then. Only a large form may take longer on a slow machine.
SOON_MS = 60
MOST_TRIES = 30

# What was focused may be gone with the change; then the body has the focus.
FOCUS = """(() => {{
  const before = document.activeElement;
  {first}
  const move = (tries) => setTimeout(() => {{
    const now = document.activeElement;
    if (now !== before && now !== document.body) return;
    const target = {target};
    if (target) target.focus({how});
    else if (tries > 1) move(tries - 1);
  }}, {soon_ms});
  move({tries});
}})()"""


def _focus(target: str, *, first: str = "", how: str = "", tries: int = 1) -> EventSpec:
    text = FOCUS.format(target=target, first=first, how=how, tries=tries, soon_ms=SOON_MS)
    script: EventSpec = rx.call_script(text)
    return script


def focus_on(selector: str) -> EventSpec:
    """Focus the first element that ``selector`` finds."""
    return _focus(f"document.querySelector({selector!r})")


# Who already types in the form stays there.
FOCUS_FORM = _focus(
    "now.closest('form.form') ? now : document.querySelector('form.form .control')",
    first="globalThis.openedBy = before;",
    tries=MOST_TRIES,
)
FOCUS_OPENER = _focus(
    "globalThis.openedBy?.isConnected ? globalThis.openedBy : document.getElementById('main')"
)
FOCUS_LIST = _focus(
    "(list => (list?.scrollIntoView(), list))(document.querySelector('main > ol'))",
    how="{preventScroll: true}",
)
"""Another page of a list is read from its top."""
# Ten seconds are short for who goes there by the keyboard.
FOCUS_UNDO = focus_on(".for-now button")
FOCUS_MISTAKE = focus_on("form [aria-invalid=true], form [role=alert]")
