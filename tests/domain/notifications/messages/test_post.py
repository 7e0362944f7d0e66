"""The texts of posts on X."""

import re
from datetime import timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from tests import news as given
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.examples import up_to
from webmon.domain.checks.status import Status
from webmon.domain.notifications.messages import post, weighted_length
from webmon.domain.notifications.messages.post import defused
from webmon.domain.notifications.news import Event, Message, News

DOWN = given.news()
UP = given.news(Event.UP, NOW + 29 * MINUTE, down_since=NOW)
STILL = given.news(Event.REMINDER, NOW + 4 * HOUR, since=NOW, down_since=NOW)


def update(minutes: int, text: str, **names: str) -> News:
    return given.news(Event.INCIDENT_UPDATE, NOW + minutes * MINUTE, message=text, **names)


LINK = re.compile(r"://|www\.|\S\.[^\W\d_]|@\w", re.IGNORECASE)


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([DOWN], "IATI: Datastore – Website is down. 23 Nov 10:00:00 GMT"),
        (
            [DOWN, given.news(service="SSH")],
            "IATI: Datastore – Website and SSH are down. 23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(host=each) for each in "ABCDEFG"],
            "IATI: services of A, B, C, D, E, F and G are down. 23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(Event.UP, down_since=NOW, status=Status.DEGRADED)],
            "IATI: Datastore – Website is no longer down, but has difficulties. "
            "23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(Event.UP, down_since=NOW, status=Status.PAUSED)],
            "IATI: Datastore – Website is no longer watched. 23 Nov 10:00:00 GMT",
        ),
        ([UP], "IATI: Datastore – Website is back online after 29 min. 23 Nov 10:29:00 GMT"),
        (
            [UP, given.news(Event.UP, NOW + HOUR, service="SSH", down_since=NOW)],
            "IATI: Datastore – Website and SSH are back online after up to 1 h. "
            "23 Nov 11:00:00 GMT",
        ),
        (
            [STILL],
            "IATI: Datastore – Website is still down, for 4 h by now. 23 Nov 14:00:00 GMT",
        ),
        (
            [DOWN, UP],
            "IATI: Datastore – Website was down from 10:00 to 10:29 (29 min), now back online. "
            "23 Nov 10:29:00 GMT",
        ),
        (
            [given.news(Event.DEGRADED)],
            "IATI: Datastore – Website has difficulties. 23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(Event.FLAPPING, changes=8)],
            "IATI: Datastore – Website keeps going down and coming back. 23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(Event.DOWNTIME, message="Upgrade of data.example.org at 22:00.")],
            "IATI: Upgrade of data․example․org at 22:00. 23 Nov 10:00:00 GMT",
        ),
        (
            [update(9, "The disk of data.example.org is full. We clear it.")],
            "IATI: Datastore – Website: The disk of data․example․org is full. We clear it. "
            "23 Nov 10:09:00 GMT",
        ),
        (
            [DOWN, update(1, "First."), update(9, "Second", service="SSH")],
            "IATI: Datastore – Website is down; Datastore – Website: First; "
            "Datastore – SSH: Second. 23 Nov 10:09:00 GMT",
        ),
        (
            [given.news(Event.TEST)],
            "IATI: this is a test of our status messages. 23 Nov 10:00:00 GMT",
        ),
        (
            [given.news(planned_downtime=True)],
            "IATI: Datastore – Website is down. Planned downtime. 23 Nov 10:00:00 GMT",
        ),
    ],
)
def test_a_post(news: list[News], expected: str) -> None:
    assert post(given.message(*news)) == expected


def test_nothing_of_what_a_probe_saw_is_public() -> None:
    assert "10.0.0.7" not in post(given.message(DOWN))


def test_a_late_post_says_so() -> None:
    late = post(given.message(DOWN, composed_at=NOW + HOUR))
    assert late.endswith("is down. (Late: this was at 23 Nov 10:00:00 GMT)")


def test_an_update_of_full_length_has_room_beside_ordinary_names() -> None:
    text = "word " * 39 + "words"
    assert text in post(given.message(update(9, text)))


def test_where_there_is_no_room_the_newest_updates_stand() -> None:
    several = [update(each, f"{each}: " + "word " * 20) for each in range(5)]
    text = post(given.message(*several))
    assert weighted_length(text) <= 280
    assert "3: word" in text
    assert "4: word" in text
    assert "0: word" not in text


def test_the_time_is_local() -> None:
    summer = given.news(at=NOW - timedelta(days=150))
    assert post(given.message(summer)).endswith("26 Jun 11:00:00 BST")


def test_two_outages_within_a_minute_are_two_different_posts() -> None:
    again = given.news(at=NOW + 20 * SECOND)
    assert post(given.message(DOWN)) != post(given.message(again))


def test_what_has_no_room_is_counted() -> None:
    many = [given.news(host=f"Registry number {each}") for each in range(60)]
    text = post(given.message(*many))
    assert weighted_length(text) <= 280
    shown = text.count("Registry number")
    assert f" and {60 - shown} more are down. " in text
    assert shown >= 8


def test_long_names_end_with_a_word() -> None:
    text = post(given.message(given.news(host="word " * 40, service="other " * 40)))
    assert weighted_length(text) <= 280
    assert re.search(r"word word… – (other )+other… is down\.", text)


def test_an_address_only_where_it_is_asked_for() -> None:
    assert "http" not in post(given.message(DOWN))
    text = post(given.message(DOWN), with_url=True)
    assert text.endswith("GMT https://status.example.org/status/")
    assert "http" not in post(given.message(DOWN, status_url=""), with_url=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.example.org", "data․example․org"),
        ("https://data.example.org/a?b", "data․example․org/a?b"),
        ("http://http://x.org", "x․org"),
        ("://x", "x"),
        ("version 1.2 of it.", "version 1.2 of it."),
        ("10.0.0.1", "10.0.0.1"),
        ("räksmörgås.中国", "räksmörgås․中国"),
        ("@iati and ops@example.org", "(at)iati and ops(at)example․org"),
        ("a\u200b.\u202eb\norg", "a . b org"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_nothing_looks_like_a_link(text: str, expected: str) -> None:
    assert defused(text) == expected


NAMES = st.one_of(
    st.text(max_size=100),
    st.from_regex(r"(https?://)?([a-z]{1,20}\.){1,4}(org|com|io|co\.uk)(/\S*)?", fullmatch=True),
    st.sampled_from(["👨‍👩‍👧‍👦" * 30, "你好" * 50, "x" * 100, "a.b " * 25, "@a.b://c.de", "．org"]),
)
PIECES = st.builds(
    given.news,
    st.sampled_from(Event),
    host=NAMES,
    service=NAMES,
    namespace_name=NAMES,
    message=NAMES | st.text(max_size=2000),
    planned_downtime=st.booleans(),
)


@settings(max_examples=up_to(300))
@any_of(st.lists(PIECES, min_size=1, max_size=12), st.booleans(), st.booleans())
def test_for_any_names_a_post_is_short_and_without_links(
    news: list[News], is_late: bool, with_url: bool
) -> None:
    message: Message = given.message(*news, composed_at=NOW + (HOUR if is_late else SECOND))
    text = post(message, with_url=with_url)
    assert 0 < weighted_length(text) <= 280
    if with_url:
        text = text.removesuffix(" https://status.example.org/status/")
    assert not LINK.search(text)
    assert "10:00:00" in text
    assert text.isprintable() or set("\u200c\u200d") & set(text)
