"""What messages say, in one line and line by line."""

import pytest

from tests import news as given
from tests.clock import HOUR, MINUTE, NOW
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages.lines import lines_of
from webmon.domain.notifications.messages.wording import clock_of, headline, sentence
from webmon.domain.notifications.news import Event, Message, News

DOWN = given.news()
UP = given.news(Event.UP, NOW + 29 * MINUTE, down_since=NOW)
EASED = given.news(Event.UP, NOW + 29 * MINUTE, down_since=NOW, status=Status.DEGRADED)
UNWATCHED = given.news(Event.UP, NOW + 29 * MINUTE, down_since=NOW, status=Status.PAUSED)
STILL = given.news(Event.REMINDER, NOW + 4 * HOUR, since=NOW, down_since=NOW)
FLAPPING = given.news(Event.FLAPPING, NOW + MINUTE, changes=9)
DEGRADED = given.news(Event.DEGRADED)
UPDATE = given.news(Event.INCIDENT_UPDATE, NOW + 9 * MINUTE, since=NOW, message="The disk\nis full")
TAKEN = given.news(Event.ACKNOWLEDGED, NOW + 9 * MINUTE, message="acknowledged by anna@example.org")
HOSTS = tuple(given.news(host=f"Host {number}") for number in range(1, 8))


def sentences(message: Message) -> list[str]:
    return [sentence(line, clock_of(message)) for line in lines_of(message)]


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([DOWN], "DOWN: Datastore – Website"),
        ([DOWN, given.news(service="SSH")], "DOWN: Datastore – Website and SSH"),
        ([given.news(service=each) for each in "ABCDE"], "DOWN: Datastore – 5 services"),
        (HOSTS, "DOWN: 7 hosts – Host 1, Host 2, Host 3 and 4 more"),
        ([UP], "UP: Datastore – Website (down for 29 min)"),
        ([EASED], "NO LONGER DOWN: Datastore – Website (down for 29 min)"),
        ([DOWN, EASED], "NO LONGER DOWN: Datastore – Website (down for 29 min)"),
        ([UNWATCHED], "NO LONGER WATCHED: Datastore – Website"),
        (
            [UP, given.news(Event.UP, NOW + HOUR, service="SSH", down_since=NOW)],
            "UP: Datastore – Website and SSH (down for up to 1 h)",
        ),
        ([given.news(Event.UP, down_since=None)], "UP: Datastore – Website"),
        ([STILL], "STILL DOWN: Datastore – Website (for 4 h)"),
        ([DEGRADED], "DIFFICULTIES: Datastore – Website"),
        (
            [given.news(Event.FLAPPING, changes=8)],
            "FLAPPING: Datastore – Website (8 changes within an hour)",
        ),
        ([DOWN, UP], "WAS DOWN: Datastore – Website (from 10:00 to 10:29, 29 min)"),
        (
            [DEGRADED, given.news(Event.UP, NOW + MINUTE, down_since=None)],
            "HAD DIFFICULTIES: Datastore – Website (from 10:00 to 10:01, 1 min)",
        ),
        (
            [DOWN, given.news(Event.UP, NOW + MINUTE, service="SSH", down_since=NOW)],
            "DOWN: Datastore – Website; UP: Datastore – SSH (down for 1 min)",
        ),
        ([given.news(planned_downtime=True)], "DOWN: Datastore – Website (planned downtime)"),
        ([given.news(Event.TEST)], "TEST: this channel works"),
        (
            [given.news(Event.DOWNTIME, message="\nUpgrade at 22:00\nShort interruptions.")],
            "DOWNTIME: Upgrade at 22:00",
        ),
        ([given.news(Event.MONITOR, message="It was offline.")], "MONITOR: It was offline."),
        ([UPDATE], "UPDATE: Datastore – Website"),
        ([TAKEN], "ACKNOWLEDGED: Datastore – Website"),
        ([DOWN, UPDATE], "DOWN: Datastore – Website; UPDATE: Datastore – Website"),
        ([given.news(host="Da\nta\x00store")], "DOWN: Da ta store – Website"),
        ([given.news(service="")], "DOWN: Datastore"),
    ],
)
def test_a_message_in_one_line(news: list[News], expected: str) -> None:
    assert headline(given.message(*news)) == expected


def test_every_host_of_a_digest_has_its_sentence() -> None:
    told = sentences(given.message(*HOSTS))
    assert told == [f"Host {number} – Website is down since 10:00." for number in range(1, 8)]


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([UP], "is back online since 10:29, after 29 min."),
        ([STILL], "is still down, since 10:00: 4 h by now."),
        ([DEGRADED], "has difficulties since 10:00."),
        ([DOWN, UP], "was down from 10:00 to 10:29 (29 min) and is back online."),
        ([DOWN, STILL, UP], "was down from 10:00 to 10:29 (29 min) and is back online."),
        ([DOWN, STILL], "is down since 10:00."),
        ([DEGRADED, DOWN], "is down since 10:00."),
        ([DOWN, FLAPPING], "keeps going down and coming back: 9 changes within an hour."),
        (
            [FLAPPING, given.news(Event.UP, NOW + 9 * MINUTE, down_since=None)],
            "had difficulties from 10:01 to 10:09 (8 min) and has recovered.",
        ),
        ([FLAPPING, given.news(at=NOW + HOUR)], "is down since 11:00."),
        ([STILL, UP], "is back online since 10:29, after 29 min."),
        ([given.news(planned_downtime=True)], "is down since 10:00. This is planned downtime."),
        (
            [given.news(Event.FLAPPING, changes=9)],
            "keeps going down and coming back: 9 changes within an hour.",
        ),
    ],
)
def test_what_is_over_is_told_as_over(news: list[News], expected: str) -> None:
    assert sentences(given.message(*news)) == [f"Datastore – Website {expected}"]


def test_two_outages_in_one_message_are_both_told_in_their_order() -> None:
    again = given.news(at=NOW + HOUR)
    assert sentences(given.message(DOWN, UP, again)) == [
        "Datastore – Website was down from 10:00 to 10:29 (29 min) and is back online.",
        "Datastore – Website is down since 11:00.",
    ]


def test_an_outage_is_over_also_where_the_service_has_another_name_by_then() -> None:
    down = given.news(service_id=3)
    up = given.news(Event.UP, NOW + MINUTE, service_id=3, service="Site", down_since=NOW)
    assert sentences(given.message(down, up)) == [
        "Datastore – Site was down from 10:00 to 10:01 (1 min) and is back online."
    ]
    other = given.news(Event.UP, NOW + MINUTE, service_id=4, down_since=NOW)
    assert len(sentences(given.message(down, other))) == 2


def test_what_was_written_stays_between_the_beginning_and_the_end() -> None:
    assert sentences(given.message(DOWN, UPDATE)) == [
        "Datastore – Website is down since 10:00.",
        "Datastore – Website, update of 10:09: The disk is full",
    ]
    assert sentences(given.message(DOWN, UPDATE, UP)) == [
        "Datastore – Website, update of 10:09: The disk is full",
        "Datastore – Website was down from 10:00 to 10:29 (29 min) and is back online.",
    ]


def test_the_same_names_elsewhere_are_other_services() -> None:
    other = given.news(Event.UP, NOW + MINUTE, namespace="di", namespace_name="DI", down_since=NOW)
    assert len(sentences(given.message(DOWN, other))) == 2


def test_times_are_those_of_the_namespace() -> None:
    assert headline(given.message(DOWN, UP, timezone="Asia/Kathmandu")).endswith(
        "(from 15:45 to 16:14, 29 min)"
    )
    assert headline(given.message(DOWN, UP, timezone="Nowhere/Land")).endswith(
        "(from 10:00 to 10:29, 29 min)"
    )


def test_another_day_is_named() -> None:
    [told] = sentences(given.message(DOWN, composed_at=NOW + 24 * HOUR))
    assert told.endswith("is down since 23 Nov 10:00.")
    [told] = sentences(given.message(DOWN, composed_at=NOW + 60 * 24 * HOUR))
    assert told.endswith("is down since 23 Nov 2026 10:00.")


def test_a_late_message_says_so() -> None:
    at = NOW + 6 * MINUTE
    late = given.message(DOWN, composed_at=at)
    assert headline(late) == "DOWN: Datastore – Website (late: this was at 10:00)"
    assert "late" not in headline(given.message(DOWN, composed_at=NOW + MINUTE))


def test_the_same_message_has_the_same_texts() -> None:
    assert headline(given.message(DOWN, UP)) == headline(given.message(DOWN, UP))


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        (
            [EASED],
            "Datastore – Website is no longer down since 10:29, after 29 min, "
            "but has difficulties.",
        ),
        (
            [DOWN, UNWATCHED],
            "Datastore – Website is no longer watched since 10:29; it had been down for 29 min.",
        ),
        (
            [DEGRADED, given.news(Event.UP, NOW + MINUTE, down_since=None, status=Status.PAUSED)],
            "Datastore – Website is no longer watched since 10:01.",
        ),
    ],
)
def test_nobody_is_said_to_be_back_who_is_not(news, expected):
    assert sentences(given.message(*news)) == [expected]
