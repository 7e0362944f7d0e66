"""What planned downtime covers: windows of time, and the services in them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webmon.domain.history.uptime import Period


@dataclass(frozen=True, slots=True)
class Scope:
    """A whole namespace, or hosts and single services of it."""

    whole_namespace: bool
    host_ids: frozenset[int] = frozenset()
    service_ids: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.whole_namespace or self.host_ids or self.service_ids)


def merged(windows: Iterable[Period]) -> list[Period]:
    """The same time without overlaps, the earliest first."""
    found: list[Period] = []
    for began_at, ended_at in sorted(windows):
        if found and began_at <= found[-1].ended_at:
            found[-1] = Period(found[-1].began_at, max(found[-1].ended_at, ended_at))
        elif began_at < ended_at:
            found.append(Period(began_at, ended_at))
    return found


def overlapping(window: Period, others: Mapping[str, Sequence[Period]]) -> list[str]:
    """The names of those that share time with ``window``."""
    return [
        name
        for name, periods in others.items()
        if any(each[0] < window[1] and window[0] < each[1] for each in periods)
    ]
