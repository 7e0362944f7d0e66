"""Small pieces of browser code: a tick while the page is in view, a modal dialog, an arrival."""

from typing import Any

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.components.component import field
from reflex_base.event import EventHandler, no_args_event_spec
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment
from reflex_components_core.el.elements.base import BaseHTML

from webmon.ui.display.hooked import Hooked

REACT = VarData(imports={"react": [ImportVar(tag="useEffect"), ImportVar(tag="useRef")]})

# The socket of a session that has ended is closed, and Reflex does not notice that it is refused
# another one. So where ticks stay without an answer the page itself is asked for: redirected means
# signed out, and a reload leads to the login and back here; answered, again and again, means that
# this socket will not come back.
TICK = """
const lastSeen = useRef(0);
useEffect(() => {{ if ({seen}) lastSeen.current = Date.now(); }}, [{seen}]);
useEffect(() => {{
  let answered = 0;
  const request = {{method: 'HEAD', redirect: 'manual', cache: 'no-store'}};
  let looking = false;
  const look = () => {{
    if (looking) return;
    looking = true;
    fetch(location.pathname, request).then((answer) => {{
      if (answer.type === 'opaqueredirect') location.reload();
      else if (answer.ok && lastSeen.current && ++answered > 3) location.reload();
    }}).catch(() => {{ answered = 0; }}).finally(() => {{ looking = false; }});
  }};
  const tick = () => {{
    if (document.hidden) return;
    if (Date.now() - lastSeen.current > 1.5 * {every_ms}) look(); else answered = 0;
    ({on_tick})();
  }};
  const timer = setInterval(tick, {every_ms});
  document.addEventListener('visibilitychange', tick);
  return () => {{ clearInterval(timer); document.removeEventListener('visibilitychange', tick); }};
}}, []);
"""


class Live(Hooked):
    """Calls ``on_tick`` every few seconds while the page is in view; leaves when signed out.

    ``seen`` is a text that changes with every answer to a tick.
    """

    on_tick: EventHandler[no_args_event_spec] = field(doc="Every few seconds.")
    seen: Var[str] = field(default=Var.create(""), is_javascript_property=False)
    every_ms: int = field(default=4000, is_javascript_property=False)

    def add_hooks(self) -> list[str | Var[Any]]:
        """The effects."""
        on_tick = Var.create(self.event_triggers["on_tick"])
        hook = TICK.format(on_tick=on_tick, seen=self.seen, every_ms=self.every_ms)
        return [Var(hook, _var_data=REACT)]


live = Live.create


class NativeDialog(BaseHTML):
    """``<dialog>``: the browser keeps the focus inside and gives it back."""

    tag = "dialog"

    on_cancel: EventHandler[no_args_event_spec] = field(doc="Escape was pressed.")


# Modal while it is in the page; closing it gives the focus back to where it was.
SHOW_MODAL = """
const showModal = useCallback((dialog) => { dialog.showModal(); return () => dialog.close(); }, []);
"""


def modal(
    *children: rx.Component, is_open: rx.Var[bool], on_cancel: Any, labelled_by: str
) -> rx.Component:
    """A question over everything else, in the page while ``is_open``.

    ``labelled_by`` is the id of its heading; ``on_cancel`` happens when Escape is pressed.
    """
    imports = {"react": [ImportVar(tag="useCallback")]}
    ref = Var("showModal", _var_data=VarData(imports=imports, hooks={SHOW_MODAL: None}))
    attributes = {"aria-labelledby": labelled_by, "ref": ref}
    dialog = NativeDialog.create(
        *children, on_cancel=on_cancel, role="alertdialog", custom_attrs=attributes
    )
    return rx.cond(is_open, dialog)


# A browser that loads a page begins at its top and says its title. Within the app it does neither,
# and forgets where the focus was.
ARRIVE = """
useEffect(() => {
  const heading = document.querySelector('main h1');
  if (globalThis.hasArrived && heading) {
    heading.tabIndex = -1;
    heading.focus();
  }
  globalThis.hasArrived = true;
}, []);
"""

# Where a file of the next page cannot be loaded, because the server is just being started again or
# the network failed, React Router loads the present page again, and the click is lost. So a click
# is noted until the page is there, and followed after such a reload by loading the page.
FOLLOW = """
useEffect(() => {
  const noted = sessionStorage.getItem('going');
  sessionStorage.removeItem('going');
  if (globalThis.notesClicks) return;
  globalThis.notesClicks = true;
  const [to, at] = JSON.parse(noted ?? '["", 0]');
  if (to && Date.now() - at < 60000 && to !== location.href) location.replace(to);
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href]');
    if (!link || !event.defaultPrevented || link.pathname === location.pathname) return;
    sessionStorage.setItem('going', JSON.stringify([link.href, Date.now()]));
  });
}, []);
"""


class Arrival(Fragment):
    """Moves the focus to the heading of a page that was come to from another one of the app, and
    sees to it that such a way is not lost."""

    def add_hooks(self) -> list[str | Var[Any]]:
        """Two effects, when the page is drawn for the first time."""
        return [Var(ARRIVE, _var_data=REACT), Var(FOLLOW, _var_data=REACT)]


arrival = Arrival.create
