"""The steps of an occurrence: told in order, late but once, and never what is over."""

from dataclasses import replace

from tests.clock import HOUR, MINUTE, NOW, SECOND
from webmon.domain.downtimes.life_cycle import (
    Due,
    Life,
    State,
    Step,
    due_steps,
    next_step_at,
    still_handled,
)
from webmon.domain.downtimes.scope import merged, overlapping
from webmon.domain.history.uptime import Period

DAY_S, HOUR_S = 24 * 3600, 3600
START = NOW + 25 * HOUR
LIFE = Life(
    State.SCHEDULED, START, START + HOUR, (DAY_S, HOUR_S), frozenset(), announced=False,
    known_from=NOW,
)  # fmt: skip


def steps(life, now):
    return [each.step for each in due_steps(life, now)]


def test_it_is_announced_reminded_of_started_and_finished():
    assert due_steps(LIFE, NOW) == ()
    assert next_step_at(LIFE) == NOW + HOUR
    at = NOW + HOUR
    assert due_steps(LIFE, at) == (Due(Step.ANNOUNCED, at, handled=frozenset({DAY_S})),)
    announced = replace(LIFE, announced=True, handled=frozenset({DAY_S}))
    assert due_steps(announced, at) == ()
    assert next_step_at(announced) == START - HOUR
    assert steps(announced, START - HOUR) == [Step.REMINDED]
    assert due_steps(announced, START) == (Due(Step.STARTED, START),)
    started = replace(announced, state=State.STARTED)
    assert due_steps(started, START + HOUR - SECOND) == ()
    assert due_steps(started, START + HOUR) == (Due(Step.FINISHED, START + HOUR),)
    assert next_step_at(replace(started, state=State.FINISHED)) is None
    assert due_steps(replace(started, state=State.CANCELLED), START + HOUR) == ()


def test_a_stopped_worker_tells_late_and_once():
    late = due_steps(LIFE, START - 30 * MINUTE)
    assert late == (Due(Step.ANNOUNCED, START - HOUR, handled=frozenset({DAY_S, HOUR_S})),)
    assert steps(LIFE, START + MINUTE) == [Step.STARTED]


def test_what_is_over_is_not_announced():
    over = due_steps(LIFE, START + 2 * HOUR)
    assert [(each.step, each.told) for each in over] == [
        (Step.STARTED, False),
        (Step.FINISHED, False),
    ]
    known = replace(LIFE, announced=True)
    assert [each.told for each in due_steps(known, START + 2 * HOUR)] == [False, True]


def test_a_short_notice_is_given_when_it_is_planned():
    short = replace(LIFE, starts_at=NOW + MINUTE, known_from=NOW)
    assert due_steps(short, NOW)[0].at == NOW


def test_an_offset_counts_again_only_after_a_long_move():
    handled = {DAY_S, HOUR_S}
    assert still_handled(handled, START, START + HOUR, handled, NOW) == handled
    assert still_handled(handled, START, START + 2 * HOUR, handled, NOW) == {DAY_S}
    assert still_handled(handled, START, START + 48 * HOUR, handled, NOW) == set()
    assert still_handled((), START, NOW + MINUTE, handled, NOW) == handled


def test_windows_that_overlap_are_one():
    windows = [Period(NOW + a * HOUR, NOW + b * HOUR) for a, b in ((3, 4), (0, 2), (1, 3), (6, 6))]
    assert merged(windows) == [Period(NOW, NOW + 4 * HOUR)]
    assert overlapping(windows[0], {"a": [windows[1]], "b": [Period(NOW, NOW + 4 * HOUR)]}) == ["b"]
