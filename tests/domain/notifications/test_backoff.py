"""How long a channel waits before it is tried again."""

import pytest

from webmon.domain.notifications.backoff import retry_delay_seconds


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (100_000, 600)],
)
def test_the_wait_doubles_up_to_ten_minutes(failures, seconds):
    assert retry_delay_seconds(failures, jitter=0) == seconds


def test_channels_that_failed_together_do_not_come_back_together():
    assert retry_delay_seconds(1, jitter=1) == 6
    assert retry_delay_seconds(7, jitter=0.5) == 352
    assert retry_delay_seconds(8, jitter=1) == 600


@pytest.mark.parametrize(("said", "seconds"), [(0, 1), (-5, 1), (30, 30), (7200, 7200)])
def test_what_the_server_has_said_holds(said, seconds):
    assert retry_delay_seconds(3, jitter=1, retry_after_seconds=said) == seconds
