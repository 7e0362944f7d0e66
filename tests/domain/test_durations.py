"""Lengths of time as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.domain.durations import format_duration, in_words, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("4h", 14_400), ("2d", 172_800), ("500ms", 0.5), (" 1.5 h ", 5400)],
)
def test_a_number_with_a_unit_is_a_duration(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", 5, "5 weeks", "-5s", "m5", None, "5m3s"])
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(60, "1m"), (90, "90s"), (5400, "90m"), (7200, "2h"), (172_800, "2d"), (0.5, "500ms")],
)
def test_durations_are_written_as_they_are_read(seconds, text):
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


@given(st.floats(min_value=0.001, max_value=1e6) | st.integers(min_value=0, max_value=10**7))
def test_what_is_written_is_read_as_exactly_the_same(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


def test_people_read_two_units():
    assert in_words(3912) == "1 h 5 min"
    assert in_words(40) == "40 s"
    assert in_words(0.2) == "0 s"
