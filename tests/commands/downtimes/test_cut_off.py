"""A worker that ends in the middle of a step has taken none of it; the next one takes it whole."""

import pytest

from tests.clock import HOUR, MINUTE, NOW
from tests.downtimes import EDITOR, occurrences, plan, steps
from tests.outbox import add_channel, iati, outbox, site
from tests.outside import outside, see
from webmon.commands.downtimes import edit, life, running
from webmon.commands.notifications.outbox import Batch
from webmon.domain.checks.status import Status

__all__ = ["iati", "outside", "site"]

START = NOW + 25 * HOUR


class Killed(Exception):
    """The worker ends here."""


@pytest.fixture
def take(database, monkeypatch):
    """Take a step; before that, let it end just after its messages were stored."""

    def once(command, *arguments, at, **named):
        with database.write() as session:
            command(session, *arguments, now=at, **named)

    def take(*arguments, **named):
        before = steps(database), outbox(database)
        store = Batch.store

        def killed(batch, session):
            store(batch, session)
            raise Killed

        for _ in range(2):
            with monkeypatch.context() as patched, pytest.raises(Killed):
                patched.setattr(Batch, "store", killed)
                once(*arguments, **named)
            assert (steps(database), outbox(database)) == before
        once(*arguments, **named)
        told = len(outbox(database)) - len(before[1])
        return steps(database)[len(before[0]) :], told

    return take


def test_each_step_is_taken_whole_or_not_at_all(database, outside, site, take):
    add_channel(database, kind="email")
    add_channel(database, "x", kind="billboard")
    made = plan(database, site, START)
    which = occurrences(database, made.id)[0].id
    assert take(life.advance, at=NOW + HOUR) == (["announced"], 2)
    moved = {"starts_at": START + HOUR, "duration_seconds": 3600, "actor": EDITOR}
    rescheduled = take(edit.edit_occurrence, made.id, START, at=NOW + 2 * HOUR, **moved)
    assert rescheduled == (["rescheduled"], 2)
    assert take(life.advance, at=START) == (["reminded"], 2)
    assert take(life.advance, at=START + HOUR) == (["started"], 2)
    extended = take(running.extend, which, 1800, actor=EDITOR, at=START + 70 * MINUTE)
    assert extended == (["extended"], 2)
    see(database, Status.DOWN, site, at=START + 80 * MINUTE)
    assert take(life.advance, at=START + 140 * MINUTE) == (["asked"], 1)
    assert take(life.advance, at=START + 150 * MINUTE) == (["finished", "still_down"], 3)
    again = plan(database, site, START + 10 * HOUR, at=START + 9 * HOUR)
    cancelled = take(running.cancel_downtime, again.id, actor=EDITOR, at=START + 9 * HOUR)
    assert cancelled == (["cancelled"], 2)
