"""The words of Statuspage's public API, which many readers know."""

from collections.abc import Iterable
from hashlib import sha256

from webmon.domain.checks.status import Status, combined_status

UNKNOWN = "unknown"
"""Not one of Statuspage's words: readers show what they do not know as grey."""

MAINTENANCE = "under_maintenance"
COMPONENT = {
    Status.UP: "operational",
    Status.DEGRADED: "degraded_performance",
    Status.DOWN: "major_outage",
}
INDICATORS = {
    "none": "All Systems Operational",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major System Outage",
    "maintenance": "Service Under Maintenance",
    UNKNOWN: "Status Unknown",
}
LONGEST = 12


def name_hash(*names: str) -> str:
    """The id of a component: the same as long as it is called so."""
    return sha256("\0".join(names).encode(errors="replace")).hexdigest()[:LONGEST]


def component_status(status: Status, *, planned: bool, some_down: bool = False) -> str:
    """How a component is; a host with difficulties of which a part is down has a partial outage."""
    if planned:
        return MAINTENANCE
    if status is Status.DEGRADED and some_down:
        return "partial_outage"
    return COMPONENT.get(status, UNKNOWN)


def indicator(hosts: Iterable[tuple[Status, bool]]) -> str:
    """The state of the whole page from its hosts' ``(status, planned)``."""
    known = [(status, planned) for status, planned in hosts if status in COMPONENT]
    if not known:
        return UNKNOWN
    counted = [status for status, planned in known if not planned]
    if not counted:
        return "maintenance"
    if combined_status(counted) is Status.DOWN:
        return "critical"
    if Status.DOWN in counted:
        return "major"
    if Status.DEGRADED in counted:
        return "minor"
    return "maintenance" if len(counted) < len(known) else "none"
