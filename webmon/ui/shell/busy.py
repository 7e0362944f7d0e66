"""Buttons that wait for the server: `assets/busy.js` marks them until the answer is drawn."""

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.components.component import field
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

from webmon.ui.states.private import PrivateState

SCRIPT = {"$/public/busy.js": [ImportVar(tag="answered")]}
HOOK = "useEffect(() => {{ if ({answer}) answered({answer}); }}, [{answer}]);"


class Busy(Fragment):
    """Releases a button when its ``answer`` is there; see `PrivateState.answer`."""

    answer: Var[str] = field(default=Var.create(""), is_javascript_property=False)

    def add_hooks(self) -> list[str | Var]:
        """One effect that depends on the answer."""
        imports = {"react": [ImportVar(tag="useEffect")], **SCRIPT}
        return [Var(HOOK.format(answer=self.answer), _var_data=VarData(imports=imports))]


def busy() -> rx.Component:
    """Stands in the frame of every page of the admin app."""
    return Busy.create(answer=PrivateState.answer)
