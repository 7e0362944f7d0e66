"""Forms as values: what they show, what is read back, and where a mistake belongs."""

import pytest

from webmon.commands.validation import KEEP
from webmon.errors import Invalid
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.typed_form import (
    FormView,
    Mistake,
    Section,
    choices,
    fill,
    read_form,
    row_form,
)
from webmon.ui.rooms.rows import Row, saving, with_kind

NAME = FieldView("name", "Name", required=True)
AGE = FieldView("max_age_ms", "Maximum age", "duration", per_second=1000)
ACTIVE = FieldView("active", "Active", "checkbox", checked=True)
TOKEN = FieldView("token", "Token", "password", is_set=True)
DAYS = choices("days", "Days", [Option("mon", "Monday"), Option("tue", "Tuesday")], ["tue"])
FORM = row_form("job", (Section((NAME, AGE)), Section((ACTIVE, TOKEN), "More", True), DAYS), {})


def test_a_new_row_and_a_stored_one_have_titles_of_their_own() -> None:
    assert (FORM.title, FORM.submit, FORM.id) == ("New job", "Add job", 0)
    stored = row_form("job", FORM.sections, {"id": 3, "name": "Import", "revision": 7})
    assert (stored.title, stored.submit) == ("Edit Import", "Save")
    assert (stored.id, stored.revision) == (3, 7)
    assert next(stored.fields()).value == "Import"


def test_values_are_shown_as_people_type_them() -> None:
    form = fill(FORM, {"name": "Import", "max_age_ms": 1500, "active": False})
    shown = {each.name: each for each in form.fields()}
    assert (shown["name"].value, shown["max_age_ms"].value) == ("Import", "1500ms")
    assert shown["active"].checked is False
    assert [each.checked for each in DAYS.fields] == [False, True]


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1.5s", 1500), ("250ms", 250), ("2", 2000), ("1m", 60_000), ("0.25ms", 0.25)],
)
def test_a_duration_is_read_in_the_unit_of_its_column(typed: str, read: float) -> None:
    assert read_form(FORM, {"name": "x", "max_age_ms": typed})["max_age_ms"] == read


def test_what_was_typed_is_read_back() -> None:
    sent = {"name": " Import ", "max_age_ms": "", "active": "on", "token": "", "days.mon": "on"}
    assert read_form(FORM, sent) == {
        "name": "Import",
        "active": True,
        "token": KEEP,
        "days": ["mon"],
    }
    assert "token" not in read_form(FORM, sent | {"token.remove": "on"})
    assert read_form(FORM, sent | {"token": "new"})["token"] == "new"


@pytest.mark.parametrize("sent", [{"name": 3}, {"name": ["x"]}, {"name": None}, {"name": "  "}])
def test_what_no_browser_sends_is_an_empty_field(sent: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="is required"):
        read_form(FORM, sent)


@pytest.mark.parametrize("text", ["often", "-5", "1 week", "∞"])
def test_what_is_no_duration_is_said_at_the_field(text: str) -> None:
    with pytest.raises(Invalid, match="such as 90s") as refusal:
        read_form(FORM, {"name": "x", "max_age_ms": text})
    assert refusal.value.field == "max_age_ms"


def test_a_mistake_stands_at_its_control_and_opens_its_section() -> None:
    assert FORM.mistake("token", "Too short.") == Mistake("token", "Too short.", "More")
    assert FORM.mistake("name.0", "Wrong.") == Mistake("name", "Wrong.")
    assert FORM.mistake("days", "Choose one.") == Mistake("days.mon", "Choose one.", "Days")
    assert FORM.mistake("days.1", "Unknown.").control == "days.mon"
    assert FORM.mistake("other", "Wrong.") == Mistake("", "other: Wrong.")
    assert FORM.mistake("", "Too many.") == Mistake("", "Too many.")


class _Stored:
    id, name = 9, "Import"


def test_saving_calls_the_command_with_what_its_row_needs() -> None:
    calls: list[tuple[object, ...]] = []

    def command(*arguments: object, **context: object) -> _Stored:
        calls.append((*arguments, context))
        return _Stored()

    plain = Row(create=command, update=command, delete=command)
    revised = Row(create=command, update=command, delete=command, has_revision=True)
    fields = {"name": "x", "active": False, "token": KEEP, "days": []}
    for row, form in (
        (plain, FORM),
        (plain, row_form("job", FORM.sections, {}, parent=4)),
        (plain, row_form("job", FORM.sections, {"id": 3, "name": "x"})),
        (revised, row_form("job", FORM.sections, {"id": 3, "name": "x", "revision": 7})),
    ):
        saved = saving(row, form, {"name": "x"})("session", actor="me")
        assert (saved.thing, saved.id, saved.name, saved.fields) == ("job", 9, "Import", fields)
    assert calls == [
        ("session", fields, {"actor": "me"}),
        ("session", 4, fields, {"actor": "me"}),
        ("session", 3, fields, {"actor": "me"}),
        ("session", 3, fields, {"actor": "me", "revision": 7}),
    ]
    with pytest.raises(Invalid):
        with_kind(plain, FormView(thing="job"), "other")
