"""The transition machine, walked step by step."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import NOW, SECOND
from webmon.domain.checks.status import Status
from webmon.domain.checks.transitions import Condition, Policy, advance, needs_confirmation

OBSERVATIONS = {"u": Status.UP, "d": Status.DOWN, "s": Status.DEGRADED}
STATUSES = OBSERVATIONS | {"?": Status.UNKNOWN}


def walk(observations: str, policy: Policy, condition: Condition | None = None) -> list[Condition]:
    """The condition after each observation; they are ten seconds apart."""
    condition = condition or Condition.unknown(NOW)
    steps = []
    for number, letter in enumerate(observations):
        condition = advance(condition, OBSERVATIONS[letter], NOW + 10 * number * SECOND, policy)
        steps.append(condition)
    return steps


@pytest.mark.parametrize(
    ("policy", "seen", "decided"),
    [
        # one success is enough for the first look; a failure is not
        (Policy(), "u", "u"),
        (Policy(), "dd", "?d"),
        (Policy(successes_to_up=3), "uu", "uu"),
        # one failure is forgiven, two in a row are an outage
        (Policy(), "ududdu", "uuuudu"),
        (Policy(failures_to_down=1), "udu", "udu"),
        (Policy(failures_to_down=4), "uddddd", "uuuudd"),
        # recovery with its own threshold; one success does not end an outage
        (Policy(successes_to_up=2), "udduduu", "uuddddu"),
        (Policy(successes_to_up=3), "uddsuuu", "uudddsu"),
        # difficulties have the same hysteresis
        (Policy(), "ususs", "uuuus"),
        (Policy(failures_to_degraded=1), "usu", "usu"),
        (Policy(failures_to_degraded=3), "usssu", "uuusu"),
        # what is wrong in both ways is called by the milder until the worse is confirmed
        (Policy(), "usd", "uus"),
        (Policy(), "udsdd", "uussd"),
        # out of an outage into difficulties, and on to up
        (Policy(), "uddsu", "uudsu"),
        (Policy(), "uddss", "uudss"),
        # never seen alive: difficulties are confirmed, an outage too
        (Policy(), "ss", "?s"),
        (Policy(failures_to_down=3), "ddd", "??d"),
        (Policy(failures_to_down=3), "dsd", "?ss"),
    ],
)
def test_the_status_moves_when_enough_observations_agree(policy, seen, decided):
    assert [step.status for step in walk(seen, policy)] == [STATUSES[letter] for letter in decided]


def test_an_outage_counts_from_its_first_failure():
    steps = walk("uudd", Policy())
    assert steps[-1].since == NOW + 20 * SECOND


def test_a_recovery_counts_from_its_first_success():
    steps = walk("udduuu", Policy(successes_to_up=3))
    assert steps[-1].since == NOW + 30 * SECOND


def test_a_status_never_begins_before_the_one_it_follows():
    steps = walk("uddsu", Policy(failures_to_degraded=2))
    assert all(a.since <= b.since for a, b in pairwise(steps))


@pytest.mark.parametrize(
    ("before", "seen", "after", "then_seen", "decided"),
    [
        # fewer failures are needed now: those already seen count with the next one
        (Policy(failures_to_down=5), "uddd", Policy(failures_to_down=2), "d", "d"),
        (Policy(failures_to_down=5), "uddd", Policy(failures_to_down=2), "u", "u"),
        # more failures are needed now: an outage under way goes on, none is ended by that
        (Policy(failures_to_down=2), "udd", Policy(failures_to_down=5), "dd", "dd"),
        (Policy(failures_to_down=2), "ud", Policy(failures_to_down=4), "ddd", "uud"),
        # so with successes: fewer end the outage at the next one, more let it go on
        (Policy(successes_to_up=9), "udduu", Policy(successes_to_up=2), "u", "u"),
        (Policy(successes_to_up=9), "udduu", Policy(successes_to_up=2), "d", "d"),
        (Policy(successes_to_up=2), "uddu", Policy(successes_to_up=4), "uuu", "ddu"),
        # what has recovered stays recovered
        (Policy(successes_to_up=1), "uddu", Policy(successes_to_up=9), "uu", "uu"),
        # so with difficulties
        (Policy(failures_to_degraded=5), "usss", Policy(failures_to_degraded=2), "s", "s"),
        (Policy(failures_to_degraded=2), "uss", Policy(failures_to_degraded=9), "ssu", "ssu"),
        (Policy(successes_to_up=9), "udds", Policy(successes_to_up=2), "s", "s"),
        # an outage out of difficulties needs its own failures, before and after
        (Policy(failures_to_down=5), "ussdd", Policy(failures_to_down=3), "dd", "dd"),
    ],
)
def test_a_changed_policy_counts_with_the_next_observation_in_the_middle_of_an_outage(
    before, seen, after, then_seen, decided
):
    ongoing = walk(seen, before)[-1]
    steps = walk(then_seen, after, ongoing)
    assert [step.status for step in steps] == [STATUSES[letter] for letter in decided]


def test_an_outage_that_a_changed_policy_decides_counts_from_its_first_failure():
    ongoing = walk("uddd", Policy(failures_to_down=9))[-1]
    decided = advance(ongoing, Status.DOWN, NOW + 40 * SECOND, Policy(failures_to_down=2))
    assert (decided.status, decided.since) == (Status.DOWN, NOW + 10 * SECOND)


def test_only_what_disagrees_with_the_status_is_rechecked_soon():
    up, down = walk("u", Policy())[-1], walk("udd", Policy())[-1]
    assert needs_confirmation(up, Status.DOWN) and needs_confirmation(down, Status.UP)
    assert not needs_confirmation(up, Status.UP) and not needs_confirmation(down, Status.DOWN)


COUNTS = st.integers(1, 5)


@given(st.text("uds", max_size=40), st.builds(Policy, COUNTS, COUNTS, COUNTS))
def test_enough_equal_observations_always_settle_the_status(seen, policy):
    for letter, status in OBSERVATIONS.items():
        assert walk(seen + letter * 5, policy)[-1].status is status


@given(st.text("uds", max_size=40), st.builds(Policy, COUNTS, COUNTS, COUNTS))
def test_a_service_is_down_only_after_the_failures_it_takes(seen, policy):
    for number, step in enumerate(walk(seen, policy)):
        if step.status is Status.DOWN:
            assert "d" * policy.failures_to_down in seen[: number + 1]


@given(
    st.lists(st.tuples(st.sampled_from("uds"), st.builds(Policy, COUNTS, COUNTS, COUNTS))),
    st.sampled_from("uds"),
)
def test_no_status_is_decided_that_the_last_observation_contradicts(steps, first):
    """However the policy changes: nothing recovers by a failure, or fails by a success."""
    condition = walk(first, Policy())[-1]
    for letter, policy in steps:
        before, condition = condition, advance(condition, OBSERVATIONS[letter], NOW, policy)
        if condition.status is not before.status and letter == "u":
            assert condition.status is not Status.DOWN
        if condition.status is not before.status and letter == "d":
            assert condition.status in (Status.DOWN, Status.DEGRADED)
