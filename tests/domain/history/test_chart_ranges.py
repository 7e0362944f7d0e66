"""How much time a chart shows, and in which steps."""

import pytest

from webmon.domain.history.chart_ranges import LENGTHS, MOST_POINTS, Range, axis_top, steps


@pytest.mark.parametrize("chosen", Range)
def test_a_range_ends_with_the_present_and_has_at_most_300_points(chosen: Range):
    now = 1_796_040_000.0
    span = steps(chosen, now)
    assert span.count <= MOST_POINTS
    assert span.number(now) == span.count - 1
    assert span.begin(0) <= now - LENGTHS[chosen][0] + span.seconds


def test_one_outlier_does_not_flatten_the_axis():
    assert axis_top([100.0] * 99 + [30_000.0]) == 100
    assert axis_top([100.0] * 50 + [250.0] * 50) == 250
    assert axis_top([]) is None
    assert axis_top([5.0]) == 5
