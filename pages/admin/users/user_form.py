"""The form of a person: who they are, what they may do, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from webmon.commands.accounts import users
from webmon.domain.accounts.access import Role
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.typed_form import FormView, Section, choices, read_form, row_form
from webmon.ui.rooms.rows import Row

ALL, SOME = "all", "some"

ROLES = (
    Option(Role.VIEWER, "Viewer: sees everything"),
    Option(Role.EDITOR, "Editor: also changes what is watched"),
    Option(Role.ADMIN, "Admin: also manages channels and people"),
)
EMAIL = FieldView("email", "E-mail address", required=True, placeholder="anna@example.org")
NAME = FieldView("shown_name", "Name", placeholder="Anna Example")
ROLE = FieldView("role", "May do", "select", value=Role.VIEWER, options=ROLES)
WHERE = FieldView(
    "where",
    "Where",
    "select",
    value=ALL,
    options=(Option(ALL, "In all namespaces"), Option(SOME, "Only in those ticked below")),
)


def _read(form: FormView, raw: Mapping[str, Any]) -> dict[str, Any]:
    fields = read_form(form, raw)
    fields["name"] = fields.pop("shown_name", "")
    if fields.pop("where", SOME) == ALL:
        fields["namespaces"] = None
    return fields


USER = Row(
    create=users.invite_user,
    update=users.update_user,
    delete=users.delete_user,
    read=_read,
    has_revision=True,
)


def user_form(
    stored: Mapping[str, Any], namespaces: Sequence[tuple[str, str]], *, may_give_all: bool
) -> FormView:
    """A form for a person; ``stored`` is empty for somebody who is invited.

    ``namespaces`` are those that can be given (slug, name); ``may_give_all``: or all of them.
    """
    chosen = stored.get("namespaces")
    where = replace(WHERE, options=WHERE.options if may_give_all else WHERE.options[1:])
    if not may_give_all:
        where = replace(where, value=SOME)
    values = dict(stored)
    if stored:
        values["where"] = ALL if chosen is None else SOME
    ticks = choices(
        "namespaces", "Namespaces", [Option(slug, name) for slug, name in namespaces], chosen or ()
    )
    more = {} if stored else {"title": "Invite somebody", "submit": "Invite"}
    return row_form("user", [Section((EMAIL, NAME, ROLE, where)), ticks], values, **more)
