"""What a step told whom is kept as long as messages; the times that count are kept for ever."""

from tests.clock import HOUR, NOW
from tests.downtimes import EDITOR, occurrences, pass_time, plan, steps
from tests.outbox import add_channel, iati, site
from tests.outside import outside
from webmon.commands.downtimes import running
from webmon.commands.downtimes.retention import forget_old
from webmon.db import Database
from webmon.queries.downtimes.windows import windows_between

__all__ = ["iati", "outside", "site"]


def forget(database: Database, before) -> int:
    with database.write() as session:
        return forget_old(session, before=before)


def test_steps_go_and_the_time_still_counts(database, outside, site):
    add_channel(database)
    made = plan(database, site, NOW + HOUR)
    pass_time(database, NOW, NOW + HOUR, NOW + 2 * HOUR)
    assert forget(database, NOW + 2 * HOUR) == 0
    assert forget(database, NOW + 3 * HOUR) == 3
    assert (forget(database, NOW + 3 * HOUR), steps(database)) == (0, [])
    assert len(occurrences(database, made.id)) == 1
    with database.read() as session:
        assert site in windows_between(session, NOW, NOW + 3 * HOUR)


def test_what_was_cancelled_before_it_took_place_goes(database, site):
    once, series = plan(database, site, NOW + HOUR), plan(
        database, site, NOW + HOUR, rrule="FREQ=DAILY", announce_before=[]
    )  # fmt: skip
    pass_time(database, NOW + HOUR, NOW + 2 * HOUR)
    spare = plan(database, site, NOW + 9 * HOUR, at=NOW + 2 * HOUR)
    with database.write() as session:
        for each in (once, series, spare):
            running.cancel_downtime(session, each.id, actor=EDITOR, now=NOW + 2 * HOUR)
    forget(database, NOW + 2 * HOUR)
    assert occurrences(database, spare.id)
    forget(database, NOW + 3 * HOUR)
    assert not occurrences(database, once.id)
    assert not occurrences(database, spare.id)
    assert "finished" in [each.state.value for each in occurrences(database, series.id)]
