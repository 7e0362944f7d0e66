"""Subject, text and HTML of an e-mail."""

import re
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from tests import news as given
from tests.clock import HOUR, MINUTE, NOW
from webmon.domain.notifications.messages import html, plain_text, subject
from webmon.domain.notifications.news import Event, News

DOWN = given.news()
UP = given.news(Event.UP, NOW + 29 * MINUTE, down_since=NOW)
ALLOWED = {"html", "head", "meta", "title", "body", "p", "strong", "br", "span", "a"}


class Reader(HTMLParser):
    """The tags of a page, and its text as a person reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attributes if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ([DOWN], "[IATI] DOWN: Datastore – Website"),
        ([UP], "[IATI] UP: Datastore – Website (down for 29 min)"),
        ([DOWN, given.news(host="Registry")], "[IATI] DOWN: 2 hosts – Datastore and Registry"),
        (
            [DOWN, given.news(namespace_name="DI", host="Site")],
            "[IATI, DI] DOWN: 2 hosts – Datastore and Site",
        ),
        (
            [given.news(Event.MONITOR, namespace="", namespace_name="", message="Offline.")],
            "[Beaconry] MONITOR: Offline.",
        ),
    ],
)
def test_subject(news: list[News], expected: str) -> None:
    assert subject(given.message(*news)) == expected


def test_text() -> None:
    assert plain_text(given.message(DOWN, UP)) == (
        "Datastore – Website was down from 10:00 to 10:29 (29 min) and is back online.\n\n"
        "All times Europe/London.\nStatus page: https://status.example.org/status/\n"
    )


def test_an_acknowledgement_says_who_and_what_follows() -> None:
    told = given.message(given.news(Event.ACKNOWLEDGED, message="acknowledged by <anna>"))
    said = "Datastore – Website: acknowledged by <anna> at 10:00. No reminders follow"
    assert said in plain_text(told)
    assert escape(said) in html(told)


def test_an_update_stands_once() -> None:
    told = given.message(given.news(Event.INCIDENT_UPDATE, message="The disk is <full>"))
    said = "Datastore – Website, update of 10:00: The disk is <full>"
    assert plain_text(told).startswith(f"{said}\n\nAll times")
    assert Reader(html(told)).text.count("The disk is <full>") == 1


def test_all_hosts_of_a_digest_are_named() -> None:
    names = [f"Host {number:03}" for number in range(200)]
    told = given.message(*(given.news(host=name) for name in names))
    assert re.findall(r"Host \d{3}", plain_text(told)) == names
    assert re.findall(r"Host \d{3}(?= – Website is)", html(told)) == names


def test_a_late_mail_begins_with_that() -> None:
    late = given.message(DOWN, composed_at=NOW + HOUR)
    assert plain_text(late).startswith("This message is late: this was at 10:00.\n\n")
    assert "late: this was at 10:00" in html(late)


def test_the_text_of_a_downtime_keeps_its_lines() -> None:
    told = given.message(given.news(Event.DOWNTIME, message="Upgrade at 22:00.\nShort <b> breaks."))
    assert plain_text(told).startswith("Upgrade at 22:00.\nShort <b> breaks.\n\n")
    assert "Upgrade at 22:00.<br>Short &lt;b&gt; breaks." in html(told)


def test_only_web_addresses_become_links() -> None:
    assert Reader(html(given.message(DOWN))).links == ["https://status.example.org/status/"]
    assert Reader(html(given.message(DOWN, status_url="javascript:alert(1)"))).links == []


NAMES = st.text(max_size=40) | st.sampled_from(["<script>", "&amp;", "' onload=x", '"><a href=x>'])


@any_of(
    st.lists(
        st.builds(given.news, st.sampled_from(Event), host=NAMES, service=NAMES, message=NAMES),
        min_size=1,
        max_size=4,
    ),
    NAMES,
)
def test_for_any_names_the_html_is_ours(news: list[News], timezone: str) -> None:
    read = Reader(html(given.message(*news, timezone=timezone)))
    assert read.tags <= ALLOWED
    assert read.links == ["https://status.example.org/status/"]
    assert all("\n" not in each and "\r" not in each for each in [subject(given.message(*news))])
