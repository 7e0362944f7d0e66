"""Many results summed up: how often each status, and how long the answers took. Pure.

Percentiles come from a histogram whose buckets grow by a tenth each, so that two of them can be
added up and a percentile is at most 5 % from the truth (the idea of DDSketch: Masson, Rim, Lee,
VLDB 2019).
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any, Self

from webmon.domain.checks.status import OBSERVED, Status

GROWTH = 1.1
_LOG_GROWTH = math.log(GROWTH)


@dataclass(slots=True)
class Rollup:
    """Results of one service over some time; response times in microseconds.

    Only what was up or in difficulties answered: how long a failure took says nothing.
    """

    up: int = 0
    degraded: int = 0
    down: int = 0
    unknown: int = 0
    answers: int = 0
    sum_us: int = 0
    min_us: int | None = None
    max_us: int | None = None
    sketch: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_list(cls, values: list[Any] | None) -> Self:
        """What `as_list` made of one; an empty one for None."""
        return cls(*values) if values else cls()

    def as_list(self) -> list[Any]:
        """The values in the order of the fields, to be stored where every byte counts."""
        return [
            self.up,
            self.degraded,
            self.down,
            self.unknown,
            self.answers,
            self.sum_us,
            self.min_us,
            self.max_us,
            self.sketch,
        ]

    def add(self, status: Status, response_us: int | None) -> None:
        """Count one result."""
        if status is Status.UP:
            self.up += 1
        elif status is Status.DOWN:
            self.down += 1
        elif status is Status.DEGRADED:
            self.degraded += 1
        else:
            self.unknown += 1
        if response_us is None or status is Status.DOWN or status not in OBSERVED:
            return
        self.answers += 1
        self.sum_us += response_us
        self.min_us = response_us if self.min_us is None else min(self.min_us, response_us)
        self.max_us = response_us if self.max_us is None else max(self.max_us, response_us)
        key = _bucket(response_us)
        self.sketch[key] = self.sketch.get(key, 0) + 1

    def merge(self, other: "Rollup") -> None:
        """Add all that ``other`` counted."""
        self.up += other.up
        self.degraded += other.degraded
        self.down += other.down
        self.unknown += other.unknown
        self.answers += other.answers
        self.sum_us += other.sum_us
        self.min_us = min((each for each in (self.min_us, other.min_us) if each is not None),
                          default=None)  # fmt: skip
        self.max_us = max((each for each in (self.max_us, other.max_us) if each is not None),
                          default=None)  # fmt: skip
        for key, count in other.sketch.items():
            self.sketch[key] = self.sketch.get(key, 0) + count

    @property
    def results(self) -> int:
        """How many were counted."""
        return self.up + self.degraded + self.down + self.unknown

    @property
    def average_us(self) -> float | None:
        """The mean response time; None without an answer."""
        return self.sum_us / self.answers if self.answers else None

    def quantile_us(self, share: float) -> float | None:
        """The response time that ``share`` (0–1) of the answers did not exceed."""
        if not self.answers or self.min_us is None or self.max_us is None:
            return None
        wanted = max(1, math.ceil(share * self.answers))
        seen = 0
        for bucket, count in sorted((int(key), count) for key, count in self.sketch.items()):
            seen += count
            if seen >= wanted:
                return min(max(_middle(bucket), self.min_us), self.max_us)
        return float(self.max_us)


FIELDS = [each.name for each in fields(Rollup)]
ANSWERS, SUM_US = FIELDS.index("answers"), FIELDS.index("sum_us")
"""Where they stand in `Rollup.as_list`."""


def _bucket(response_us: int) -> str:
    return str(math.ceil(math.log(response_us) / _LOG_GROWTH)) if response_us > 1 else "0"


def _middle(bucket: int) -> float:
    """The value that lies the same share from both edges of the bucket."""
    return 2 * GROWTH**bucket / (GROWTH + 1)
