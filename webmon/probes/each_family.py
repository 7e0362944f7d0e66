"""A check that is made over IPv4 and over IPv6: two looks, and one outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from webmon.domain.checks.status import WORDS, Status
from webmon.probes.base import Outcome
from webmon.probes.wire.families import BOTH, FAMILIES, choose_family
from webmon.probes.wire.texts import excerpt

Look = Callable[[], Awaitable[Outcome]]

MOST_MESSAGE_CHARACTERS = 300

_GRAVITY = (Status.UP, Status.DEGRADED, Status.DOWN)


async def look_over(family: str, look: Look) -> Outcome:
    """The outcome over one family (``4``, ``6``); for ``both``, over each, at the same time."""
    if family != BOTH:
        return await asyncio.create_task(_look(family, look))
    outcomes = await asyncio.gather(*(_look(each, look) for each in FAMILIES))
    return _joined(dict(zip(FAMILIES, outcomes, strict=True)))


async def _look(family: str, look: Look) -> Outcome:
    choose_family(family)  # holds for this task only
    return await look()


def _joined(outcomes: dict[str, Outcome]) -> Outcome:
    """Difficulties where one family works and the other does not; what could not be looked at says
    nothing. Times and evidence are of the graver, slower one that answered."""
    seen = {each.status for each in outcomes.values()} - {Status.UNKNOWN}
    works = seen - {Status.DOWN}
    status = max(seen, key=_GRAVITY.index, default=Status.UNKNOWN)
    if works and status is Status.DOWN:
        status = Status.DEGRADED
    working = [each for each in outcomes.values() if each.status in works]
    shown = max(working or outcomes.values(), key=_weight)
    keys = (each.host_key for each in outcomes.values())
    return replace(
        shown,
        status=status,
        message=_told(outcomes, is_one_broken=bool(works) and Status.DOWN in seen),
        evidence=shown.evidence
        | {"families": {_name(family): _fact(each) for family, each in outcomes.items()}},
        host_key=next((each for each in keys if each is not None), None),
        unable=not seen and all(each.unable for each in outcomes.values()),
    )


def _weight(outcome: Outcome) -> tuple[int, int]:
    known = outcome.status in _GRAVITY
    return _GRAVITY.index(outcome.status) if known else -1, outcome.response_us or 0


def _told(outcomes: dict[str, Outcome], *, is_one_broken: bool) -> str:
    """Each family's message, the graver one first."""
    ordered = sorted(outcomes.items(), key=lambda each: _weight(each[1]), reverse=True)
    room = MOST_MESSAGE_CHARACTERS // len(ordered) - len(" IPv4 is broken: ")
    parts = []
    for family, outcome in ordered:
        is_broken = is_one_broken and outcome.status is Status.DOWN
        told = excerpt(outcome.message, room)
        parts.append(f"{_name(family)}{' is broken' if is_broken else ''}: {told}")
    return "; ".join(parts)


def _fact(outcome: Outcome) -> str:
    return f"{WORDS[outcome.status]}: {outcome.message}"


def _name(family: str) -> str:
    return f"IPv{family}"
