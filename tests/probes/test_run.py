"""`probes.run`: every failure is an outcome, and only what the host does is its fault."""

import asyncio
import time

import pytest

from tests.clock import MINUTE, NOW
from webmon import clock, probes
from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, ProbeConfig, ProbeKind, Target, down, up


async def hang(_config: ProbeConfig, _target: Target, _timeout: float) -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError


async def fail(_config: ProbeConfig, _target: Target, _timeout: float) -> Outcome:
    raise ZeroDivisionError


async def refused(_config: ProbeConfig, _target: Target, _timeout: float) -> Outcome:
    return down("no answer within 0.1 s (connecting)")


async def answered(_config: ProbeConfig, _target: Target, _timeout: float) -> Outcome:
    return up("it is there", 5)


async def run(probe) -> Outcome:
    kind = ProbeKind("Something", lambda: (ProbeConfig, probe))
    return await probes.run(kind, ProbeConfig(), Target(""), timeout=0.1)


async def test_a_probe_that_does_not_end_by_itself_is_ended() -> None:
    outcome = await run(hang)
    assert (outcome.status, outcome.message) == (Status.DOWN, "no answer within 0.1 s")


async def test_a_fault_of_the_probe_s_own_does_not_end_the_worker() -> None:
    outcome = await run(fail)
    assert outcome.message == "the check itself failed: ZeroDivisionError"


@pytest.mark.parametrize("probe", [hang, refused])
async def test_a_monitor_that_was_too_busy_to_look_blames_nobody(probe, monkeypatch) -> None:
    instants = iter([0.0, 4.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(instants, 4.0))
    outcome = await run(probe)
    assert outcome.status is Status.UNKNOWN
    assert outcome.message == (
        "this monitor was too busy to look: a check of at most 0.1 s took 4.0 s"
    )


async def test_a_machine_that_slept_while_it_looked_blames_nobody(monkeypatch) -> None:
    """The steady clock stood still meanwhile, and the connection broke."""
    instants = iter([NOW, NOW + 10 * MINUTE])
    monkeypatch.setattr(clock, "utcnow", lambda: next(instants))
    outcome = await run(refused)
    assert outcome.status is Status.UNKNOWN
    assert outcome.message.endswith("a check of at most 0.1 s took 600.0 s")


async def test_what_answers_is_up_however_busy_the_monitor_was(monkeypatch) -> None:
    instants = iter([0.0, 4.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(instants, 4.0))
    assert (await run(answered)).status is Status.UP
