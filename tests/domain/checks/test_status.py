"""The status of hosts and namespaces."""

import pytest

from webmon.domain.checks.status import WORDS, Status, combined_status, host_status

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN
UNKNOWN, PAUSED = Status.UNKNOWN, Status.PAUSED


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([UP, UP], UP),
        ([DOWN, DOWN], DOWN),
        ([UP, DOWN], DEGRADED),
        ([UP, DEGRADED], DEGRADED),
        ([DEGRADED, DOWN], DEGRADED),
        ([DEGRADED, DEGRADED], DEGRADED),
        ([UP, PAUSED, UNKNOWN], UP),
        ([DOWN, UNKNOWN], DOWN),
        ([], UNKNOWN),
        ([UNKNOWN, PAUSED], UNKNOWN),
        ([PAUSED, PAUSED], PAUSED),
    ],
)
def test_members_make_one_status(members, expected):
    assert combined_status(members) is expected
    assert host_status((status, False) for status in members) is expected


def test_a_critical_service_that_is_down_takes_its_host_down():
    assert host_status([(DOWN, True), (UP, False)]) is DOWN
    assert host_status([(DEGRADED, True), (UP, False)]) is DEGRADED


def test_every_status_has_a_word():
    assert set(WORDS) == set(Status)
