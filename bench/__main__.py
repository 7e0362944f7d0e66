"""`make bench`: measure, and print what docs/performance.md quotes.

    python -m bench            everything but `hold`, which takes twenty minutes
    python -m bench checks …   some parts of it: the names in `PARTS`

The worker runs on one core, its target on another. CPU time is the processes' own, as the kernel
counts it; rates are what was recorded in the database. Figures of others come from a study on
another machine: `floor` tells how far apart the two are, and a handshake in memory beside each row
of `checks` how fast this one is at that moment.
"""

import sys
from collections.abc import Callable

from bench import (
    checks,
    downtimes,
    floor,
    pages,
    reads,
    restart,
    retention,
    rooms,
    storing,
    storm,
    telling,
)

PARTS: dict[str, Callable[[], None]] = {
    "floor": floor.report,
    "checks": checks.report,
    "storing": storing.report,
    "downtimes": downtimes.report,
    "restart": restart.report,
    "reads": reads.report,
    "rooms": rooms.report,
    "telling": telling.report,
    "storm": storm.report,
    "retention": retention.report,
    "pages": pages.report,
}
LONG: dict[str, Callable[[], None]] = {"hold": checks.hold}


def main(wanted: list[str]) -> None:
    """Run the parts asked for, by default all that are not long."""
    known = PARTS | LONG
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"there is no part {unknown[0]}; known are {', '.join(known)}")
    for name in wanted or PARTS:
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
