"""Uptime from status changes: by hand from drawings, and in general by hypothesis.

In a drawing each letter is one minute from NOW on: up, (difficultie)s, down, ? unknown, paused.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import MINUTE, NOW
from webmon.domain.checks.status import Status, host_status
from webmon.domain.history.uptime import (
    Outages,
    Period,
    Timeline,
    Uptime,
    host_timeline,
    outages,
    patience_seconds,
    silence,
    timeline,
    uptime,
    worst,
)

LETTERS = {
    "u": Status.UP,
    "s": Status.DEGRADED,
    "d": Status.DOWN,
    "?": Status.UNKNOWN,
    "p": Status.PAUSED,
}
DRAWN = {status: letter for letter, status in LETTERS.items()}


def minutes(begin: int, end: int) -> Period:
    return Period(NOW + begin * MINUTE, NOW + end * MINUTE)


def line(drawing: str, hidden: Sequence[Period] = ()) -> Timeline:
    changes, at = [], 0
    for letter, run in groupby(drawing):
        changes.append((NOW + at * MINUTE, LETTERS[letter]))
        at += len(list(run))
    return timeline(minutes(0, len(drawing)), Status.UNKNOWN, changes, hidden)


def drawing(line: Timeline) -> str:
    return "".join(
        DRAWN[status] * ((ended_at - began_at) // MINUTE) for began_at, ended_at, status in line
    )


def whole(drawing: str) -> Period:
    return minutes(0, len(drawing))


def test_a_status_lasts_until_the_next_change() -> None:
    changes = [(NOW + 3 * MINUTE, Status.DOWN), (NOW + 5 * MINUTE, Status.UP)]
    assert drawing(timeline(minutes(0, 8), Status.UP, changes)) == "uuudduuu"


def test_changes_before_the_period_set_how_it_begins_and_later_ones_do_not_count() -> None:
    changes = [(NOW - MINUTE, Status.DOWN), (NOW + 9 * MINUTE, Status.UP)]
    assert drawing(timeline(minutes(0, 3), Status.UNKNOWN, changes)) == "ddd"


def test_of_changes_at_the_same_instant_the_last_one_stands() -> None:
    changes = [(NOW + MINUTE, Status.DOWN), (NOW + MINUTE, Status.PAUSED)]
    assert drawing(timeline(minutes(0, 2), Status.UP, changes)) == "up"


def test_an_empty_period_has_no_stretches() -> None:
    assert timeline(minutes(0, 0), Status.UP, []) == ()


@pytest.mark.parametrize(
    ("seen", "observed", "not_down"),
    [
        ("uuuu", 4, 4),
        ("uuud", 4, 3),
        ("dddd", 4, 0),
        ("ussd", 4, 3),  # difficulties are not an outage
        ("ud??", 2, 1),  # what nobody saw is neither up nor down
        ("udpp", 2, 1),
        ("??pp", 0, 0),
    ],
)
def test_uptime_is_the_share_of_observed_time_that_was_not_down(
    seen: str, observed: int, not_down: int
) -> None:
    found = uptime(line(seen), whole(seen))
    assert found == Uptime(observed * MINUTE, not_down * MINUTE)
    assert found.share == (not_down / observed if observed else None)


def test_a_worker_that_stood_still_leaves_a_gap_that_is_neither_up_nor_down() -> None:
    assert drawing(line("uuuuuddd", [minutes(2, 4), minutes(6, 7)])) == "uu??ud?d"


def test_periods_without_data_may_overlap_or_reach_beyond_the_edges() -> None:
    hidden = [minutes(-5, 1), minutes(3, 6), minutes(2, 4), minutes(7, 99), minutes(5, 5)]
    assert drawing(line("uuuuuuuu", hidden)) == "?u????u?"


@pytest.mark.parametrize(
    ("services", "host"),
    [
        (["uuuu"], "uuuu"),
        (["uudd", "uuuu"], "uuss"),
        (["uudd", "uddd"], "usdd"),
        (["uud!", "uuu"], "uud"),  # a critical one decides
        (["u?dd", "??du"], "u?ds"),  # who is not looked at does not count
        (["uppu", "d??d"], "s??s"),
        (["pp", "pp"], "pp"),
        (["ssuu", "uudd"], "ssss"),
    ],
)
def test_a_host_is_at_every_instant_what_its_services_make_it(
    services: list[str], host: str
) -> None:
    members = [(line(each.rstrip("!")), each.endswith("!")) for each in services]
    assert drawing(host_timeline(members)) == host


def test_a_host_without_services_has_no_timeline() -> None:
    assert host_timeline([]) == ()
    assert uptime(host_timeline([]), minutes(0, 5)).share is None


def test_members_of_a_group_count_by_the_time_they_were_observed() -> None:
    long, short = line("uuuuuuuud?"), line("?????????d")
    pooled = uptime(long, minutes(0, 10)) + uptime(short, minutes(0, 10))
    assert pooled.share == 8 / 10


@pytest.mark.parametrize(
    ("seen", "count", "total", "longest", "mean"),
    [
        ("uuuu", 0, 0, 0, None),
        ("udduduuu", 2, 3, 2, 1.5),
        ("udds", 1, 2, 2, 2),
        ("uudd", 1, 2, 2, None),  # still down
        ("udduddd", 2, 5, 3, 2),  # only one of the two has recovered
        ("udd??du", 1, 3, 3, 3),  # one outage, of which two minutes were not seen
        ("udd??u", 1, 2, 2, 2),
        ("uddpp?u", 1, 2, 2, None),  # paused, not recovered
        ("dp?dddu", 2, 4, 3, 3),
    ],
)
def test_outages_are_counted_and_measured(
    seen: str, count: int, total: int, longest: int, mean: float | None
) -> None:
    recovery = None if mean is None else mean * MINUTE
    expected = Outages(count, total * MINUTE, longest * MINUTE, recovery)
    assert outages(line(seen), whole(seen)) == expected


def test_an_outage_over_the_edge_of_a_month_counts_in_both_with_its_part() -> None:
    seen = line("uuddddduuu")
    assert outages(seen, minutes(0, 4)) == Outages(1, 2 * MINUTE, 2 * MINUTE, None)
    assert outages(seen, minutes(4, 10)) == Outages(1, 3 * MINUTE, 3 * MINUTE, 3 * MINUTE)


def test_an_outage_that_planned_downtime_covers_is_none() -> None:
    planned = line("uudddduu", [minutes(2, 6)])
    assert outages(planned, minutes(0, 8)) == Outages()
    assert uptime(planned, minutes(0, 8)).share == 1


@pytest.mark.parametrize(
    ("seen", "status"), [("uusd", "d"), ("us?", "s"), ("u?p", "u"), ("?p", "?"), ("", "?")]
)
def test_a_day_is_as_bad_as_its_worst_moment(seen: str, status: str) -> None:
    assert worst(line(seen), whole(seen)) is LETTERS[status]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (130, None),  # one check was skipped, and the next one took its whole time
        (131, 60),
    ],
)
def test_nobody_has_looked_if_more_than_one_check_is_missing(
    seconds: int, expected: int | None
) -> None:
    found = silence(
        NOW,
        NOW + timedelta(seconds=seconds),
        credit_seconds=60,
        patience_seconds=patience_seconds(60, 10),
    )
    assert (found and (found.began_at - NOW).total_seconds()) == expected


DRAWINGS = st.text("usd?p", max_size=30)
MOMENTS = st.integers(0, 30)
EDGES = st.lists(MOMENTS, min_size=3, max_size=3).map(sorted)
PERIODS = st.lists(st.builds(minutes, MOMENTS, MOMENTS), max_size=6)


@given(DRAWINGS)
def test_a_timeline_has_neither_gaps_nor_overlaps(seen: str) -> None:
    found = line(seen)
    assert drawing(found) == seen
    assert all(one[1] == other[0] for one, other in pairwise(found))


@given(DRAWINGS, PERIODS)
def test_a_share_lies_between_0_and_1(seen: str, hidden: list[Period]) -> None:
    share = uptime(line(seen, hidden), whole(seen)).share
    assert share is None or 0 <= share <= 1


@given(DRAWINGS, EDGES)
def test_the_uptime_of_adjacent_periods_adds_up(seen: str, edges: list[int]) -> None:
    a, b, c = edges
    parts = uptime(line(seen), minutes(a, b)) + uptime(line(seen), minutes(b, c))
    assert parts == uptime(line(seen), minutes(a, c))


@given(DRAWINGS, EDGES)
def test_the_length_of_outages_of_adjacent_periods_adds_up(seen: str, edges: list[int]) -> None:
    a, b, c = edges
    first, second = outages(line(seen), minutes(a, b)), outages(line(seen), minutes(b, c))
    both = outages(line(seen), minutes(a, c))
    assert first.total + second.total == both.total
    assert first.count + second.count - both.count in (0, 1)
    assert max(first.longest, second.longest) <= both.longest <= both.total


@given(DRAWINGS, PERIODS)
def test_what_outages_last_is_what_uptime_lacks(seen: str, hidden: list[Period]) -> None:
    shown = line(seen, hidden)
    found = uptime(shown, whole(seen))
    assert outages(shown, whole(seen)).total == found.observed - found.not_down


@given(DRAWINGS, PERIODS)
def test_time_without_data_never_counts(seen: str, hidden: list[Period]) -> None:
    shown = drawing(line(seen, hidden))
    for minute, letter in enumerate(shown):
        covered = any(minutes(minute, minute + 1)[0] in _inside(each) for each in hidden)
        assert letter == ("?" if covered else seen[minute])
    observed = sum(letter in "usd" for letter in shown)
    assert uptime(line(shown), whole(seen)).observed == observed * MINUTE


def _inside(period: Period) -> set[object]:
    length = (period.ended_at - period.began_at) // MINUTE
    return {period.began_at + n * MINUTE for n in range(length)}


@given(
    st.dictionaries(MOMENTS, st.sampled_from(list(LETTERS.values()))).flatmap(
        lambda changes: st.tuples(
            st.permutations(list(changes.items())), st.permutations(list(changes.items()))
        )
    )
)
def test_the_order_in_which_changes_come_does_not_matter(orders: tuple[list, list]) -> None:  # type: ignore[type-arg]
    one, other = (
        timeline(minutes(0, 20), Status.UP, [(NOW + at * MINUTE, to) for at, to in changes])
        for changes in orders
    )
    assert one == other


@given(DRAWINGS, PERIODS.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_periods_without_data_does_not_matter(
    seen: str, orders: tuple[list[Period], list[Period]]
) -> None:
    one, other = (line(seen, periods) for periods in orders)
    assert drawing(one) == drawing(other)


@given(
    st.integers(1, 12).flatmap(
        lambda size: st.lists(
            st.tuples(st.text("usd?p", min_size=size, max_size=size), st.booleans()), min_size=1
        )
    )
)
def test_a_host_is_swept_as_if_it_was_looked_at_every_minute(
    services: list[tuple[str, bool]],
) -> None:
    host = drawing(host_timeline([(line(seen), critical) for seen, critical in services]))
    for minute, letter in enumerate(host):
        now = [(LETTERS[seen[minute]], critical) for seen, critical in services]
        assert LETTERS[letter] is host_status(now)


@given(DRAWINGS)
def test_time_is_counted_once(seen: str) -> None:
    counts = Counter(seen)
    found = uptime(line(seen), whole(seen))
    assert found.not_down == (counts["u"] + counts["s"]) * MINUTE
