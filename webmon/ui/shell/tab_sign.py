"""The status of a page in its tab: before the title, and as the colour of the icon."""

from typing import Any

from reflex.vars import Var, VarData
from reflex_base.components.component import field
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

# The shapes and colours are those of `status`. Other statuses need nobody's attention.
HOOK = """
useEffect(() => {{
  const signs = {{down: ['✖', '#b3261e'], degraded: ['▲', '#a15c00']}};
  const [sign, colour] = signs[{status}] ?? [];
  document.title = (sign ? sign + ' ' : '') + document.title.replace(/^[✖▲] /, '');
  const icon = document.querySelector('link[rel="icon"]');
  if (icon) icon.href = colour ? 'data:image/svg+xml,' + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="${{colour}}">`
    + (sign === '▲' ? '<path d="M12 1 24 23H0z"/>'
      : '<path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/>') + '</svg>')
    : '/favicon.svg';
}}, [{status}]);
"""


class TabSign(Fragment):
    """Marks the tab while ``status`` is down or degraded."""

    status: Var[str] = field(default=Var.create(""), is_javascript_property=False)

    def add_hooks(self) -> list[str | Var[Any]]:
        """One effect that depends on the status."""
        imports = {"react": [ImportVar(tag="useEffect")]}
        return [Var(HOOK.format(status=self.status), _var_data=VarData(imports=imports))]


tab_sign = TabSign.create
