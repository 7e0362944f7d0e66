"""The form of a namespace."""

from collections.abc import Mapping
from typing import Any

from webmon.commands.inventory import namespaces
from webmon.ui.forms.field import FieldView
from webmon.ui.forms.typed_form import FormView, Section, read_form, row_form
from webmon.ui.rooms.rows import Row

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
    FieldView(
        "accent",
        "Accent colour",
        help="Of its own public page; on dark pages it is lighter. Empty: as in Settings.",
        placeholder="#1b4f8f",
    ),
)

NETWORKS = FieldView(
    "networks",
    "Private networks",
    help="Checks set up by people limited to this namespace may connect to these, such as "
    "10.1.0.0/16. Separate several with commas.",
    placeholder="none",
)


def _read(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    fields = read_form(form, raw)
    if any(each.name == NETWORKS.name for each in form.fields()):
        text = str(fields.get(NETWORKS.name, ""))
        fields[NETWORKS.name] = [each.strip() for each in text.split(",") if each.strip()]
    return fields


NAMESPACE = Row(
    create=namespaces.create_namespace,
    update=namespaces.update_namespace,
    delete=namespaces.delete_namespace,
    comes_back=True,
    read=_read,
    has_revision=True,
)


def namespace_form(stored: Mapping[str, Any], *, may_allow: bool) -> FormView:
    """A form for a namespace; ``stored`` is empty for a new one.

    ``may_allow``: the person chooses which private networks it may connect to.
    """
    fields = (*FIELDS, NETWORKS) if may_allow else FIELDS
    networks = ", ".join(stored.get("networks", ()))
    values = {**stored, "networks": networks} if stored else {}
    return row_form("namespace", [Section(fields)], values)
