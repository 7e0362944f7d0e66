"""The status of services, hosts and groups of hosts, and the words shown for it."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """How a service or host is."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    PAUSED = "paused"


WORDS: dict[Status, str] = {
    Status.UP: "up",
    Status.DEGRADED: "difficulties",
    Status.DOWN: "down",
    Status.UNKNOWN: "not checked yet",
    Status.PAUSED: "paused",
}

OBSERVED = frozenset({Status.UP, Status.DEGRADED, Status.DOWN})


def host_status(services: Iterable[tuple[Status, bool]]) -> Status:
    """The status of a host from its services' ``(status, critical)``.

    Up when every service is up; down when every service is down or a critical one is;
    otherwise degraded. Paused and unknown services do not count.
    """
    statuses = list(services)
    if any(status is Status.DOWN and critical for status, critical in statuses):
        return Status.DOWN
    return combined_status(status for status, _ in statuses)


def combined_status(members: Iterable[Status]) -> Status:
    """The status of a namespace, or of everything, from its hosts' statuses.

    Up when all are up, down when all are down, otherwise degraded. Members that nobody has
    looked at do not count; with none left it is paused when all are paused, else unknown.
    """
    statuses = list(members)
    observed = [status for status in statuses if status in OBSERVED]
    if not observed:
        all_paused = bool(statuses) and all(status is Status.PAUSED for status in statuses)
        return Status.PAUSED if all_paused else Status.UNKNOWN
    if len(set(observed)) == 1:
        return observed[0]
    return Status.DEGRADED
