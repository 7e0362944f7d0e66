"""Honest uptime: how much of the time that was observed something was not down. Pure."""

from datetime import timedelta


def credit(interval_seconds: float) -> timedelta:
    """How long one observation speaks for the time after it: until the next one is expected."""
    return timedelta(seconds=interval_seconds)


def tolerance(interval_seconds: float, timeout_seconds: float) -> timedelta:
    """How long after an observation the next one may come without a gap between them.

    Twice the interval and the timeout: a check that was skipped, or that took its whole time, is
    no gap yet. After that, the time beyond the `credit` is *no data*.
    """
    return timedelta(seconds=2 * interval_seconds + timeout_seconds)
