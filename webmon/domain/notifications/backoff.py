"""How long to wait before a channel that did not take a message is tried again. Pure."""

from datetime import timedelta

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 600.0
JITTER = 0.2

GIVE_UP_AFTER = timedelta(hours=24)
"""A message that its channel has not taken after this has failed."""


def retry_delay_seconds(
    failures: int, *, jitter: float, retry_after_seconds: float | None = None
) -> float:
    """Seconds until the next try after ``failures`` (1 or more) in a row.

    Doubles from 5 s to 10 min, longer by up to a fifth (``jitter``, from 0 to 1), so that channels
    that failed together are not retried together. If the server said when to retry, that counts.
    """
    if retry_after_seconds is not None:
        return max(1.0, retry_after_seconds)
    doubled: float = FIRST_SECONDS * 2 ** min(failures - 1, 10)
    return min(LONGEST_SECONDS, doubled * (1 + JITTER * jitter))
