"""Places for checks: how many begin, who waits, and for how long somebody may stand in the way."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from tests.soon import soon
from workers import slots
from workers.slots import WAITING_PER_PLACE, Slots


class Visitors:
    """Checks that hold a place each until they are let go."""

    def __init__(self, places: int) -> None:
        self.slots = Slots(places)
        self.inside: list[int] = []
        self.go = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def send(self, number: int) -> None:
        start = len(self.tasks)
        self.tasks += [asyncio.create_task(self._visit(start + each)) for each in range(number)]

    async def _visit(self, number: int) -> None:
        async with self.slots.place():
            self.inside.append(number)
            await self.go.wait()


@pytest.fixture
async def two() -> AsyncIterator[Visitors]:
    visitors = Visitors(2)
    yield visitors
    visitors.go.set()
    await asyncio.gather(*visitors.tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses a place because the machine is busy."""
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(slots, "WATCHED_SECONDS", 0.01)


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_those_who_wait_come_in_in_their_order(two: Visitors) -> None:
    two.send(5)
    await asyncio.sleep(0)
    assert two.inside == [0, 1]
    two.go.set()
    await asyncio.gather(*two.tasks)
    assert two.inside == [0, 1, 2, 3, 4]


async def test_who_comes_later_does_not_overtake(two: Visitors) -> None:
    two.send(3)
    await asyncio.sleep(0)
    two.tasks[0].cancel()
    two.send(1)
    await soon(lambda: len(two.inside) == 3)
    await turns()
    assert two.inside == [0, 1, 2]


async def test_who_hangs_loses_the_place_and_not_more(two: Visitors, impatient: None) -> None:
    two.send(5)
    await soon(lambda: two.inside == [0, 1, 2, 3, 4])
    assert not any(task.done() for task in two.tasks)


async def test_who_waits_for_a_busy_process_keeps_the_place(
    two: Visitors, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing = SimpleNamespace(thread_time=asyncio.get_running_loop().time)
    monkeypatch.setattr(slots, "time", computing)
    two.send(5)
    await asyncio.sleep(0.05)
    assert two.inside == [0, 1]
    computing.thread_time = lambda: 0.0
    await soon(lambda: two.inside == [0, 1, 2, 3, 4])


async def test_there_is_an_end_to_how_many_may_hang(two: Visitors, impatient: None) -> None:
    most = 2 * WAITING_PER_PLACE
    two.send(most + 3)
    await soon(lambda: len(two.inside) == most)
    await asyncio.sleep(0.03)
    assert len(two.inside) == most
    two.tasks[0].cancel()
    await soon(lambda: len(two.inside) > most)
    assert len(two.inside) == most + 1


@pytest.mark.parametrize("same_moment", [False, True])
async def test_who_gives_up_waiting_takes_no_place_along(two: Visitors, same_moment: bool) -> None:
    two.send(4)
    await asyncio.sleep(0)
    if same_moment:
        two.tasks[0].cancel()
        await asyncio.sleep(0)  # its place is given to the third, who does not know yet
    two.tasks[2].cancel()
    await turns()
    assert two.inside == [0, 1, 3] if same_moment else [0, 1]
    two.go.set()
    await asyncio.gather(*two.tasks, return_exceptions=True)
    assert two.inside == [0, 1, 3]
    two.send(2)
    await turns()
    assert two.inside == [0, 1, 3, 4, 5]
