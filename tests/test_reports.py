"""The exit status of `webmon check`."""

import pytest

from webmon.domain.status import Status
from webmon.reports import exit_status

UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], 0),
        ([UP, UP], 0),
        ([UP, DEGRADED], 1),
        ([DEGRADED, DOWN], 2),
        ([UP, UNKNOWN], 3),
        ([UNKNOWN, DEGRADED], 3),
        ([UNKNOWN, DOWN, UP], 2),
    ],
)
def test_what_is_down_decides_before_what_could_not_be_seen(statuses, expected):
    assert exit_status(statuses) == expected
