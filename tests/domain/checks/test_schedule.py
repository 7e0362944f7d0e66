"""When a service is checked."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.clock import NOW, SECOND
from webmon.domain.checks.schedule import next_check_at, next_slot, spread


@given(st.integers(1, 10**6), st.integers(1, 86_400), st.integers(0, 10**9))
def test_the_next_slot_is_after_now_and_within_one_interval(service_id, interval, seconds):
    now = NOW + seconds * SECOND
    slot = next_slot(service_id, interval, now)
    assert timedelta(0) <= slot - now <= timedelta(seconds=interval, milliseconds=1)


@given(st.integers(1, 10**6), st.integers(1, 86_400), st.integers(0, 10**9))
def test_slots_are_exactly_one_interval_apart(service_id, interval, seconds):
    slot = next_slot(service_id, interval, NOW + seconds * SECOND)
    assert next_slot(service_id, interval, slot) == slot + interval * SECOND
    assert next_slot(service_id, interval, slot - SECOND / 1_000_000) == slot


def test_a_service_keeps_its_rhythm():
    slots = [next_slot(7, 60, NOW)]
    for _ in range(5):
        slots.append(next_slot(7, 60, slots[-1] + SECOND))
    assert {b - a for a, b in pairwise(slots)} == {60 * SECOND}


def test_services_are_spread_evenly_over_the_interval():
    offsets = sorted((next_slot(number, 20, NOW) - NOW).total_seconds() for number in range(1000))
    assert max(b - a for a, b in pairwise(offsets)) < 0.06


def test_a_change_that_waits_for_confirmation_is_looked_at_sooner():
    plan = {"interval_seconds": 3600, "retry_seconds": 10}
    assert next_check_at(1, NOW, **plan, confirm=True) <= NOW + 10 * SECOND
    assert next_check_at(1, NOW, **plan, confirm=False) == next_slot(1, 3600, NOW)


def test_a_retry_longer_than_the_interval_waits_no_longer_than_the_interval():
    assert next_check_at(
        1, NOW, interval_seconds=5, retry_seconds=60, confirm=True
    ) <= NOW + timedelta(seconds=5, milliseconds=1)


def test_a_backlog_is_spread_within_its_window():
    assert all(NOW <= spread(number, NOW, 20) < NOW + 20 * SECOND for number in range(100))
