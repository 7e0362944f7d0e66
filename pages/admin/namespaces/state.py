"""The state of the room "Namespaces"."""

from collections.abc import Mapping
from datetime import datetime

from pages.admin.namespaces.namespace_form import NAMESPACE, namespace_form
from webmon.domain.accounts.access import Role
from webmon.queries.inventory.form_values import may_allow_networks, namespace_fields
from webmon.queries.inventory.namespaces import NamespacesView, admin_namespaces
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.room import Editing, edited_by
from webmon.ui.rooms.rows import Row
from webmon.ui.states.private import PrivateState, ask, show


@edited_by(Role.EDITOR)
class NamespacesState(Editing, PrivateState):
    """One person's view of the namespaces in one tab."""

    view: NamespacesView = NamespacesView()

    async def _read(self, now: datetime) -> None:  # noqa: ARG002
        show(self, view=await ask(self, admin_namespaces))

    def _rows(self) -> Mapping[str, Row]:
        return {"namespace": NAMESPACE}

    async def _draw(self, thing: str, row_id: int, parent_id: int) -> FormView:  # noqa: ARG002
        stored = await ask(self, namespace_fields, row_id) if row_id else {}
        return namespace_form(stored, may_allow=await ask(self, may_allow_networks))
