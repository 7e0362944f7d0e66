"""What `webmon check` finds where it cannot look, and its exit status."""

from typing import Any

import pytest

from webmon.domain.checks.status import Status
from webmon.queries.inventory.definitions import DefinitionView
from webmon.reports import exit_status, look_at

UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], 0),
        ([UP, UP], 0),
        ([UP, DEGRADED], 1),
        ([DEGRADED, DOWN], 2),
        ([UP, UNKNOWN], 3),
        ([UNKNOWN, DEGRADED], 3),
        ([UNKNOWN, DOWN, UP], 2),
    ],
)
def test_what_is_down_decides_before_what_could_not_be_seen(statuses, expected):
    assert exit_status(statuses) == expected


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("gone", {}, "unknown kind of service: gone"),
        ("tcp", {"port": "x"}, "cannot be used: port: must be a whole number"),
        ("http", {"url": {"$secret": "of another key"}}, "cannot be read with the present key"),
    ],
)
async def test_what_cannot_be_looked_at_is_no_data_and_nothing_is_said_to_be_down(
    kind: str, config: dict[str, Any], said: str
) -> None:
    lines: list[str] = []
    service = DefinitionView(
        "Tool", "It", kind, config, "127.0.0.1", 10, None, None, None, (), False
    )
    assert await look_at([service], lines.append) == [UNKNOWN]
    assert lines[0].startswith("◌ Tool / It: no data – ") and lines[0].endswith(said)
