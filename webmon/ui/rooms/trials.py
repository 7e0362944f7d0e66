"""Try what is typed in a form before it is saved."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any

import reflex as rx

from webmon.clock import utcnow
from webmon.domain.accounts.access import Role
from webmon.errors import Invalid, NotFound
from webmon.queries.inventory.trials import NO_ANSWER, TrialView, trial_view
from webmon.ui.forms.typed_form import FormView
from webmon.ui.rooms.room import Editing, Events
from webmon.ui.states.private import act, as_dict, ask, only, show

FOLLOW_SECONDS = (0.4, *[0.5] * 10, *[1.0] * 130)
"""When to look for the answer: for longer than the longest time-out of a check."""

TAKEN_AFTER = 20
"""After so many looks a running worker would have taken it."""


class Trying(Editing, mixin=True):
    """A room where things can be tried: their `Row` has a ``trial``."""

    trial: TrialView = TrialView()

    def _begin(self, form: FormView) -> None:
        super()._begin(form)
        self.trial = TrialView()

    def _redrawn(self) -> None:
        self.trial = TrialView()

    @rx.event
    @only(Role.ADMIN)
    async def try_out(self, form: dict[str, Any], told_at: str) -> Events:
        """Have the worker try what is typed. What would be public is shown first; ``told_at`` is
        the instant in a text that was shown."""
        row, opened = self._row(self.form.thing), self.form
        raw = as_dict(form) | {"name": "trial"}
        self._mark()
        if row.trial is None:
            raise NotFound("this cannot be tried")
        try:
            fields = row.read(opened, raw)
            command = partial(row.trial, row_id=opened.id, parent_id=opened.parent, fields=fields)
            if row.public_text is not None:
                asked, self.trial = self.trial, TrialView()
                at = utcnow()
                if asked.question and asked.told_at == told_at:
                    at = datetime.fromisoformat(asked.told_at)
                text = row.public_text(opened, raw, at)
                if text != asked.question:
                    self.trial = TrialView(question=text, told_at=at.isoformat())
                    return None
                command = partial(command, told_at=at)
            self.trial = TrialView(await act(self, command), is_over=False)
        except Invalid as error:
            return self._mark(error)
        return self.__class__.follow_trial

    @rx.event(background=True)
    @only(Role.VIEWER)
    async def follow_trial(self) -> None:
        """Show what the trial has found, once it has."""
        async with self:
            trial_id = self.trial.id
        for looks, seconds in enumerate(FOLLOW_SECONDS):
            await asyncio.sleep(seconds)
            async with self:
                if self.trial.id != trial_id or self.trial.is_over:
                    return
                found: TrialView = await ask(self, trial_view, trial_id)
                if looks > TAKEN_AFTER and not found.is_taken:
                    found = TrialView(trial_id, status="down", message=NO_ANSWER)
                show(self, trial=found)
