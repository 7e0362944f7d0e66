"""How many requests somebody may make: a bucket that fills steadily and is emptied by each."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rate:
    """``burst`` requests at once, and ``per_second`` in the long run, of each who asks.

    Remembers the last ``most`` of those who asked; time is in seconds of any clock that goes on.
    """

    def __init__(self, burst: int, per_second: float, most: int = 10_000) -> None:
        self._burst, self._per_second, self._most = burst, per_second, most
        self._buckets: OrderedDict[object, _Bucket] = OrderedDict()

    def wait_seconds(self, who: object, now: float) -> int:
        """0 where one more is fine, which then counts; else after how long it is."""
        bucket = self._buckets.pop(who, None) or _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[who] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return max(1, ceil((1 - bucket.left) / self._per_second))
        bucket.left -= 1
        return 0
