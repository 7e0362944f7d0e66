"""What a trial has found, as the form shows it."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from webmon.domain.accounts.access import Actor
from webmon.domain.checks.status import WORDS, Status
from webmon.domain.figures import milliseconds
from webmon.domain.ids import is_id
from webmon.models import Trial
from webmon.queries.inventory.evidence import BarView, FactView, bars, facts
from webmon.queries.inventory.services import PhaseView, limits_of, phases

NO_ANSWER = "No worker has answered. Is one running?"


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial and what it has found. ``id`` 0: there is none; ``question``: the text that would be
    public, before it is asked for; ``told_at`` is the instant in it (ISO 8601)."""

    id: int = 0
    is_over: bool = True
    is_taken: bool = True
    """A worker has begun with it."""
    question: str = ""
    told_at: str = ""
    status: str = ""
    word: str = ""
    message: str = ""
    total: str = ""
    phases: tuple[PhaseView, ...] = ()
    bars: tuple[BarView, ...] = ()
    facts: tuple[FactView, ...] = ()


def trial_view(session: Session, trial_id: int, *, actor: Actor) -> TrialView:
    """What has become of a trial that this person asked for."""
    wanted = select(Trial).where(Trial.id == trial_id, Trial.user_id == actor.user_id)
    found = session.exec(wanted).first() if is_id(trial_id) else None
    if found is None:
        return TrialView(trial_id, status="down", message=NO_ANSWER)
    if found.outcome is None:
        return TrialView(found.id, is_over=False, is_taken=found.definition is None)
    return _answered(found.id, found.outcome)


def _answered(trial_id: int, told: dict[str, Any]) -> TrialView:
    status, evidence = Status(told["status"]), dict(told.get("evidence") or {})
    evidence.pop("phases", None)
    response_us = told.get("response_us")
    limits = limits_of(told.get("kind", ""), told.get("config") or {})
    return TrialView(
        trial_id,
        status=status.value,
        word="no data" if status is Status.UNKNOWN else WORDS[status],
        message=told["message"],
        total=milliseconds(response_us),
        phases=phases(told.get("phases") or {}, response_us),
        bars=bars(evidence, limits),
        facts=facts(evidence),
    )
