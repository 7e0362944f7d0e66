"""What a channel hears when a service changes, walked by tables."""

import pytest

from tests.clock import NOW, SECOND
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event
from webmon.domain.notifications.rules import (
    MOST_CHANGES,
    NEVER_TOLD,
    SUMMED_UP,
    Change,
    Decision,
    LastWord,
    Muting,
    decide,
    decide_after_flapping,
    decide_unmuted,
    why_muted,
)

UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN

USUAL = frozenset({Event.DOWN, Event.UP, Event.REMINDER, Event.FLAPPING})
ALL = USUAL | {Event.DEGRADED}
DEGRADED_ONLY = frozenset({Event.DEGRADED})
MUTED = "Website is critical and down"

TOLD_DOWN = LastWord(Event.DOWN)
TOLD_DEGRADED = LastWord(Event.DEGRADED)
TOLD_FLAPPING = LastWord(Event.FLAPPING)
NOT_TOLD = LastWord(Event.DOWN, is_told=False, reason=MUTED)
NOT_THE_END = f"its start was not announced: {MUTED}"

tell_down = Decision(Event.DOWN, is_open=True)
tell_degraded = Decision(Event.DEGRADED, is_open=True)
tell_up = Decision(Event.UP)

CASES = {
    "an outage is told": ((UP, DOWN), None, USUAL, "", (tell_down,)),
    "also one that was there from the start": ((UNKNOWN, DOWN), None, USUAL, "", (tell_down,)),
    "its end is told to the channel that was told": ((DOWN, UP), TOLD_DOWN, USUAL, "", (tell_up,)),
    "also after a reminder": ((DOWN, UP), LastWord(Event.REMINDER), USUAL, "", (tell_up,)),
    "and to nobody else": ((DOWN, UP), None, USUAL, "", (Decision(Event.UP, NEVER_TOLD),)),
    "nor where the outage was suppressed": (
        (DOWN, UP),
        NOT_TOLD,
        USUAL,
        "",
        (Decision(Event.UP, NOT_THE_END),),
    ),
    "a channel that wants no recoveries hears none": (
        (DOWN, UP),
        TOLD_DOWN,
        frozenset({Event.DOWN}),
        "",
        (),
    ),
    "difficulties are opt-in": ((UP, DEGRADED), None, USUAL, "", ()),
    "and told where they are wanted": ((UP, DEGRADED), None, ALL, "", (tell_degraded,)),
    "with their end": ((DEGRADED, UP), TOLD_DEGRADED, ALL, "", (tell_up,)),
    "which nobody else hears": ((DEGRADED, UP), None, USUAL, "", ()),
    "an outage after difficulties is told": (
        (DEGRADED, DOWN),
        TOLD_DEGRADED,
        ALL,
        "",
        (tell_down,),
    ),
    "an outage that ends in difficulties has ended": (
        (DOWN, DEGRADED),
        TOLD_DOWN,
        USUAL,
        "",
        (tell_up,),
    ),
    "a channel for difficulties is told of their end then": (
        (DOWN, DEGRADED),
        TOLD_DOWN,
        ALL,
        "",
        (Decision(Event.UP, is_open=True),),
    ),
    "and is told of them where the outage was not told": (
        (DOWN, DEGRADED),
        NOT_TOLD,
        ALL,
        "",
        (tell_degraded,),
    ),
    "a channel for difficulties alone is told of them after an outage": (
        (DOWN, DEGRADED),
        None,
        DEGRADED_ONLY,
        "",
        (tell_degraded,),
    ),
    "bad news is held back": (
        (UP, DOWN),
        None,
        USUAL,
        MUTED,
        (Decision(Event.DOWN, MUTED, is_open=True, is_muted=True),),
    ),
    "the end of what was told is not": ((DOWN, UP), TOLD_DOWN, USUAL, MUTED, (tell_up,)),
    "nothing is told of a service that is well at first": ((UNKNOWN, UP), None, ALL, "", ()),
}


@pytest.mark.parametrize(
    ("change", "last", "wants", "muted", "expected"), CASES.values(), ids=CASES.keys()
)
def test_what_is_told(change, last, wants, muted, expected):
    assert decide(Change(*change), last, wants, muted) == expected


def often(before, after):
    return Change(before, after, MOST_CHANGES + 1)


FLAPPING = Decision(Event.FLAPPING, is_open=True)
FLAPPING_CASES = {
    "one change too many is flapping": (
        often(UP, DOWN),
        None,
        USUAL,
        "",
        (Decision(Event.DOWN, SUMMED_UP), FLAPPING),
    ),
    "also when it is a recovery": (
        often(DOWN, UP),
        TOLD_DOWN,
        USUAL,
        "",
        (Decision(Event.UP, SUMMED_UP), FLAPPING),
    ),
    "six changes are not": (Change(UP, DOWN, MOST_CHANGES), None, USUAL, "", (tell_down,)),
    "further changes are summed up": (
        often(DOWN, UP),
        TOLD_FLAPPING,
        USUAL,
        "",
        (Decision(Event.UP, SUMMED_UP),),
    ),
    "also when they have become rarer": (
        Change(UP, DOWN, 1),
        TOLD_FLAPPING,
        USUAL,
        "",
        (Decision(Event.DOWN, SUMMED_UP),),
    ),
    "what is not told anyway does not begin it": (
        often(DOWN, UP),
        NOT_TOLD,
        USUAL,
        "",
        (Decision(Event.UP, NOT_THE_END),),
    ),
    "nor does what is held back": (
        often(UP, DOWN),
        None,
        USUAL,
        MUTED,
        (Decision(Event.DOWN, MUTED, is_open=True, is_muted=True),),
    ),
    "nor difficulties that the channel did not choose": (
        often(UP, DEGRADED),
        None,
        USUAL,
        "",
        (),
    ),
    "it goes where outages go": (often(UP, DEGRADED), None, DEGRADED_ONLY, "", (tell_degraded,)),
}


@pytest.mark.parametrize(
    ("change", "last", "wants", "muted", "expected"),
    FLAPPING_CASES.values(),
    ids=FLAPPING_CASES.keys(),
)
def test_flapping(change, last, wants, muted, expected):
    assert decide(change, last, wants, muted) == expected


@pytest.mark.parametrize(
    ("status", "wants", "expected"),
    [
        (UP, USUAL, tell_up),
        (UP, frozenset({Event.DOWN}), tell_up),
        (DOWN, USUAL, tell_down),
        (DEGRADED, ALL, tell_degraded),
        (DEGRADED, USUAL, tell_up),
    ],
)
def test_a_channel_told_of_flapping_is_told_how_it_ended(status, wants, expected):
    assert decide_after_flapping(status, wants) == expected


@pytest.mark.parametrize(
    ("status", "wants", "expected"),
    [
        (DOWN, USUAL, tell_down),
        (DEGRADED, ALL, tell_degraded),
        (DEGRADED, USUAL, None),
        (UP, ALL, None),
    ],
)
def test_what_was_held_back_is_told_as_it_is_by_then(status, wants, expected):
    assert decide_unmuted(status, wants) == expected


@pytest.mark.parametrize(
    ("statuses", "is_over"),
    [
        ({DOWN}, False),
        ({DEGRADED, UP}, False),
        ({UNKNOWN}, False),
        ({UNKNOWN, UP}, True),
        ({UP}, True),
        ({Status.PAUSED}, True),
        (set(), True),
    ],
)
def test_a_mute_until_recovery_ends_when_all_is_well(statuses, is_over):
    assert Muting("anna", "new disks").is_over(frozenset(statuses), NOW) is is_over


def test_a_mute_until_an_instant_ends_then():
    muting = Muting("anna", "new disks", NOW)
    before = NOW - SECOND
    assert (muting.is_over({UP}, before), muting.is_over({DOWN}, NOW)) == (False, True)
    assert why_muted([muting], before) == "muted by anna: new disks"
    assert why_muted([muting], NOW) == why_muted([], NOW) == ""
