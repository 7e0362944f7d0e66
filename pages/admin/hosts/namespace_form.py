"""The form of a namespace."""

from collections.abc import Mapping
from typing import Any

from webmon.commands.inventory import namespaces
from webmon.ui.fields import FieldView
from webmon.ui.form import FormView, Section, row_form
from webmon.ui.rows import Row

FIELDS = (
    FieldView("name", "Name", required=True, placeholder="IATI"),
    FieldView(
        "slug",
        "Short name",
        help="Used in URLs: lowercase letters, digits, hyphens.",
        placeholder="iati",
        required=True,
    ),
    FieldView("timezone", "Timezone", value="UTC", placeholder="Europe/London", required=True),
)

NAMESPACE = Row(
    create=namespaces.create_namespace,
    update=namespaces.update_namespace,
    delete=namespaces.delete_namespace,
)


def namespace_form(stored: Mapping[str, Any]) -> FormView:
    """A form for a namespace; ``stored`` is empty for a new one."""
    return row_form("namespace", [Section(FIELDS)], stored)
