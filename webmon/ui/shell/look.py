"""How the admin app looks to the person: light or dark, and in which timezone times are shown.

The browser remembers both, so that the next page has them before anything is drawn.
"""

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.components.component import field
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

from webmon.domain.accounts.access import Role
from webmon.queries.own_profile import LookView, own_look
from webmon.ui.states.private import PrivateState, ask, only, show

# Storage may be switched off: then it is as the system has it until the page is there.
REMEMBERED = """const look = document.documentElement.dataset;
const sheet = document.head.appendChild(document.createElement('style'));
sheet.id = 'look-css';
try {
  look.theme = localStorage.lookTheme ?? '';
  look.zone = localStorage.lookZone ?? '';
  sheet.textContent = localStorage.lookCss ?? '';
} catch {}"""

HOOK = """
useEffect(() => {{
  if (!{known}) return;
  const root = document.documentElement;
  Object.assign(root.dataset, {{theme: {theme}, zone: {zone}}});
  root.style.colorScheme = {theme} || 'light dark';
  document.getElementById('look-css').textContent = {css};
  try {{
    localStorage.lookTheme = {theme};
    localStorage.lookZone = {zone};
    localStorage.lookCss = {css};
  }} catch {{}}
}}, [{known}, {theme}, {zone}, {css}]);
"""


class LookState(PrivateState):
    """How the app looks to the person in one tab."""

    look: LookView = LookView()
    look_known: bool = False

    @rx.event
    @only(Role.VIEWER)
    async def take(self) -> None:
        """A page was opened."""
        show(self, look=await ask(self, own_look), look_known=True)


class Look(Fragment):
    """Gives the page the theme and the timezone, and has the browser remember them."""

    known: Var[bool] = field(default=Var.create(False), is_javascript_property=False)
    theme: Var[str] = field(default=Var.create(""), is_javascript_property=False)
    css: Var[str] = field(default=Var.create(""), is_javascript_property=False)
    zone: Var[str] = field(default=Var.create(""), is_javascript_property=False)

    def add_hooks(self) -> list[str | Var]:
        """One effect that depends on both."""
        imports = {"react": [ImportVar(tag="useEffect")]}
        hook = HOOK.format(known=self.known, theme=self.theme, zone=self.zone, css=self.css)
        return [Var(hook, _var_data=VarData(imports=imports))]


def look() -> rx.Component:
    """Stands in the frame of every page."""
    chosen = LookState.look
    return Look.create(
        known=LookState.look_known, theme=chosen.theme, zone=chosen.timezone, css=chosen.css
    )


remembered = rx.el.script(REMEMBERED)
"""For the head of every page."""
