"""Which checks start together."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from webmon.commands.checks.claims import DueCheck
from webmon.domain.checks.schedule import next_slot
from workers.armed import TOGETHER, by_instant

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def due(service_id: int, at: datetime) -> DueCheck:
    return DueCheck(service_id, 1, at, 1, "tcp", "", 10, None, None, None, None)


def evenly(count: int) -> list[DueCheck]:
    """The checks of one second."""
    return [due(each, NOW + timedelta(seconds=each / count)) for each in range(count)]


@pytest.mark.parametrize("count", [1, 30, 100, 500, 3_000, 10_000])
def test_a_check_is_never_early_and_hardly_late(count: int) -> None:
    checks = evenly(count)
    starts = {check.service_id: at for at, group in by_instant(checks).items() for check in group}
    late = [starts[check.service_id] - check.due_at.timestamp() for check in checks]
    assert len(starts) == count
    assert min(late) >= -1e-6
    assert max(late) <= 1 / 30


@pytest.mark.parametrize("count", [100, 500, 3_000])
def test_few_start_together(count: int) -> None:
    groups = by_instant(evenly(count)).values()
    assert max(map(len, groups)) <= TOGETHER
    assert len(groups) < count


def test_what_is_due_again_and_again_starts_a_whole_interval_later() -> None:
    starts, at = [], NOW
    for _ in range(20):
        at = next_slot(1_000, 20, at)
        groups = by_instant([due(1_000, at), *evenly(100)])
        starts += [start for start, group in groups.items() if group[0].service_id == 1_000]
    assert {round(after - before, 6) for before, after in itertools.pairwise(starts)} == {20}
