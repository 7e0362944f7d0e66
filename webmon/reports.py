"""What the `webmon` command prints."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from webmon.commands.checks.look import look
from webmon.domain.checks.status import WORDS, Status
from webmon.probes.base import Outcome
from webmon.queries.inventory.definitions import DefinitionView
from webmon.queries.public.snapshot import PublicStatusView

SIGNS = {
    Status.UP: "✔",
    Status.DEGRADED: "▲",
    Status.DOWN: "✖",
    Status.UNKNOWN: "◌",
    Status.PAUSED: "‖",
}
FOUND_WORDS = WORDS | {Status.UNKNOWN: "no data"}
"""What a look has found; one that saw nothing is no data."""

EXIT_STATUS = {Status.UP: 0, Status.DEGRADED: 1, Status.DOWN: 2, Status.UNKNOWN: 3}


async def look_at(services: Sequence[DefinitionView], echo: Callable[[str], Any]) -> list[Status]:
    """Run the probes of the services, one after the other, and print what each found."""
    statuses = []
    for service in services:
        outcome = await look(service)
        statuses.append(outcome.status)
        echo(_found(service, outcome))
    return statuses


def _found(service: DefinitionView, outcome: Outcome) -> str:
    lines = [
        f"{SIGNS[outcome.status]} {service.host} / {service.name}: "
        f"{FOUND_WORDS[outcome.status]} – {outcome.message}"
    ]
    if outcome.response_us is not None:
        lines.append(f"    response     {outcome.response_us / 1000:.1f} ms")
    for phase, taken in asdict(outcome.phases).items():
        if taken is not None:
            name = phase.removesuffix("_us").replace("_", " ")
            lines.append(f"    {name:<12} {taken / 1000:.1f} ms")
    for name, value in outcome.evidence.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        inside = text.strip().replace("\n", f"\n{' ' * 17}")
        lines.append(f"    {name.replace('_', ' '):<12} {inside}")
    if service.report_to:
        lines.append(f"    report to    {service.report_to}")
    return "\n".join(lines)


def exit_status(statuses: Sequence[Status]) -> int:
    """0 when all are up, 1 with difficulties, 2 when one is down, 3 when one could not be seen.

    That one is down says more than that another could not be seen.
    """
    if Status.DOWN in statuses:
        return EXIT_STATUS[Status.DOWN]
    return max((EXIT_STATUS[status] for status in statuses), default=0)


def as_text(view: PublicStatusView) -> str:
    """The public status for a terminal: hosts and their services, one a line."""
    lines = []
    for host in view.hosts:
        lines.append(_line(host.status, f"{host.name} ({host.namespace})"))
        lines += [_line(service.status, f"  {service.name}") for service in host.services]
    return "\n".join(lines) or "nothing is watched yet"


def _line(status: str, name: str) -> str:
    known = Status(status)
    return f"{SIGNS[known]} {name:<50} {WORDS[known]}"
