"""Roll-ups: what is counted, that they add up, and how close percentiles are."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.domain.checks.status import Status
from webmon.domain.history.rollups import Rollup

RESPONSES = st.lists(st.integers(0, 120_000_000), min_size=1, max_size=60)


def rolled_up(responses: list[int]) -> Rollup:
    rollup = Rollup()
    for response_us in responses:
        rollup.add(Status.UP, response_us)
    return rollup


def test_each_status_is_counted_and_only_answers_are_timed():
    rollup = Rollup()
    for status, response_us in [
        (Status.UP, 1000),
        (Status.DEGRADED, 3000),
        (Status.DOWN, 500),
        (Status.UNKNOWN, 1),
        (Status.UP, None),
    ]:
        rollup.add(status, response_us)
    assert (rollup.up, rollup.degraded, rollup.down, rollup.unknown) == (2, 1, 1, 1)
    assert (rollup.answers, rollup.average_us) == (2, 2000)
    assert (rollup.min_us, rollup.max_us) == (1000, 3000)


def test_without_an_answer_there_is_no_response_time():
    assert Rollup().average_us is None
    assert Rollup().quantile_us(0.5) is None


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
@given(RESPONSES)
def test_a_percentile_is_within_five_percent_of_the_truth(share, responses):
    truth = sorted(responses)[max(1, math.ceil(share * len(responses))) - 1]
    assert rolled_up(responses).quantile_us(share) == pytest.approx(truth, rel=0.05, abs=1)


@given(RESPONSES, RESPONSES)
def test_two_merged_are_as_one_that_saw_everything(one, other):
    merged = rolled_up(one)
    merged.merge(rolled_up(other))
    assert merged == rolled_up(one + other)


@given(RESPONSES)
def test_what_is_stored_comes_back(responses):
    rollup = rolled_up(responses)
    assert Rollup.from_list(json.loads(json.dumps(rollup.as_list()))) == rollup
    assert Rollup.from_list(None) == Rollup()
