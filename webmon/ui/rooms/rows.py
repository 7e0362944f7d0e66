"""What a room can do with the rows of one thing: make, change and delete them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from webmon.commands.trials import without_saving
from webmon.errors import Invalid, joined
from webmon.ui.forms.typed_form import FormView, misread, read_form

Command = Callable[..., Any]
"""Called as ``command(session, …, actor=…, now=…)``."""


@dataclass(frozen=True, slots=True)
class Row:
    """The commands for the rows of one thing, and how its form is read."""

    create: Command
    """``(session, fields)``, or ``(session, parent_id, fields)`` of what belongs to another row."""
    update: Command
    """``(session, id, fields)``, and ``revision=`` where rows have one."""
    delete: Command
    """``(session, id)``."""
    copy: Command | None = None
    """``(session, id, fields)``: makes a copy of a row; None: ``create`` makes it."""
    comes_back: bool = False
    """Whether its deletion can be undone for a while (`commands.inventory.undoing`)."""
    read: Callable[[FormView, Mapping[str, Any]], dict[str, Any]] = read_form
    with_kind: Callable[[FormView, Any], FormView] | None = None
    """The form drawn again for another kind; None where rows have no kind."""
    has_revision: bool = False
    trial: Command | None = None
    """``(session, *, row_id, parent_id, fields)``: has the worker try it, and returns the trial's
    id; None where there is nothing to try."""
    public_text: Callable[[FormView, Mapping[str, Any], datetime], str] | None = None
    """What a trial at that instant would say in public; empty for nothing. With it, ``trial`` takes
    the instant as ``told_at``."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A row that was saved. Its transaction has ended: nothing more can be asked of the row."""

    thing: str
    id: int
    name: str
    fields: Mapping[str, Any]
    """What was typed."""


def saving(row: Row, form: FormView, raw: Mapping[str, Any]) -> Command:
    """The command that saves what the browser sent for ``form`` and returns `Saved`.

    Raises:
        Invalid: what was typed cannot be read.
    """
    unread = misread(form, raw)
    left_out = {each.field for each in unread}
    fields = row.read(form, {name: text for name, text in raw.items() if name not in left_out})
    if form.id:
        command = partial(row.update, revision=form.revision) if row.has_revision else row.update
        arguments = [form.id, fields]
    elif form.copied and row.copy is not None:
        command, arguments = row.copy, [form.copied, fields]
    else:
        command, arguments = row.create, [form.parent, fields] if form.parent else [fields]

    def save(session: Any, **context: Any) -> Saved:
        if unread:
            _refuse(session, unread, partial(command, session, *arguments, **context))
        saved = command(session, *arguments, **context)
        return Saved(form.thing, saved.id, saved.name, fields)

    return save


def _refuse(session: Any, unread: list[Invalid], rest: Callable[[], Any]) -> NoReturn:
    """Say what cannot be read, and with it what is wrong in the rest."""
    try:
        without_saving(session, rest)
    except Invalid as mistake:
        unread = [*unread, mistake]
    raise joined(unread)


def with_kind(row: Row, form: FormView, kind: Any) -> FormView:
    """The form drawn again for another kind.

    Raises:
        Invalid: there is no such kind, or rows have none.
    """
    if row.with_kind is None:
        raise Invalid("there is no kind to choose here")
    return row.with_kind(form, kind)
