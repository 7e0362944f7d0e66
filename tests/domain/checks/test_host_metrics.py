"""What machines say about themselves, over time."""

from datetime import UTC, datetime

import pytest

from webmon.domain.checks.host_metrics import Values, full_in_days, read_series, reboots

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_the_evidence_of_a_check_becomes_one_value_for_each_series():
    evidence = {
        "load_5m": 0.5,
        "memory_percent": 40,
        "os_uptime_seconds": 3600,
        "disks": [
            {"mount": "/", "used_percent": 70.5, "free_bytes": 1, "inodes_percent": None},
            {"mount": "/var", "used_percent": 10, "free_bytes": 1, "inodes_percent": 3},
        ],
    }
    assert read_series(evidence, AT) == {
        "load": 0.5,
        "memory": 40.0,
        "booted_at": AT.timestamp() - 3600,
        "disk /": 70.5,
        "disk /var": 10.0,
        "inodes /var": 3.0,
    }


def test_what_a_host_does_not_tell_has_no_series():
    assert read_series({"not_available_on_this_host": ["disks"], "disks": []}, AT) == {}


def test_values_sum_up():
    values = Values.of(3)
    for value in (5.0, 1.0):
        values.merge(Values.of(value))
    assert (values.count, values.average, values.min, values.max, values.last) == (3, 3, 1, 5, 1)


def test_an_uptime_that_is_off_by_a_moment_is_no_reboot():
    hours = [Values.of(1000), Values.of(1001.5), Values(2, 10_000, 1000, 9000, 9000)]
    assert reboots(hours) == [9000]
    assert reboots([]) == []


@pytest.mark.parametrize(
    ("used", "days"),
    [
        ([50, 51, 52, 53, 54], 46),
        ([50, 51, 52], None),  # too few
        ([50, 50, 50, 50], None),
        ([54, 53, 52, 51], None),  # it gets emptier
        ([50, 70, 40, 75, 52], None),  # not steady
        ([97, 98, 99, 100], 0),
    ],
)
def test_a_steady_fill_says_when_the_disk_is_full(used: list[float], days: float | None):
    assert full_in_days(list(enumerate(used))) == (None if days is None else pytest.approx(days))
