"""Uptime from status changes, by hand and by hypothesis."""

from datetime import timedelta

from webmon.domain.uptime import credit, tolerance


def test_one_skipped_check_is_no_gap_yet() -> None:
    assert credit(60) == timedelta(seconds=60)
    assert tolerance(60, 10) == timedelta(seconds=130)
