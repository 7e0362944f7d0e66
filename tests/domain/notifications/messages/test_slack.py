"""Block Kit: limits, escaping, and what stands in it."""

import json

from hypothesis import given as any_of
from hypothesis import strategies as st

from tests import news as given
from tests.notifiers.slack_server import PATH, SlackServer, is_escaped
from tests.notifiers.stand_in import Request
from webmon.domain.notifications.messages import slack_payload
from webmon.domain.notifications.news import Event, Message, News


def verdict(message: Message) -> int:
    """What Slack would answer."""
    body = json.dumps(slack_payload(message)).encode()
    request = Request("POST", PATH, {"content-type": "application/json"}, body)
    return SlackServer().judged(request)[0].status


def test_a_message() -> None:
    payload = slack_payload(given.message())
    text = (
        "*[IATI] DOWN: Datastore – Website*\n"
        "🔴 Datastore – Website is down since 10:00. _connection refused by 10.0.0.7:443_"
    )
    assert payload["text"] == text
    section, context = payload["blocks"]
    assert section == {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    [element] = context["elements"]
    assert element["text"] == (
        "Times: Europe/London · <https://status.example.org/status/|Status page>"
    )


def test_an_update_stands_once() -> None:
    told = given.news(Event.INCIDENT_UPDATE, message="The disk is <full>")
    assert slack_payload(given.message(told))["text"] == (
        "*[IATI] UPDATE: Datastore – Website*\n"
        "📝 Datastore – Website, update of 10:00: The disk is &lt;full&gt;"
    )


def test_an_acknowledgement_says_who_and_what_follows() -> None:
    told = given.news(Event.ACKNOWLEDGED, message="acknowledged by <anna@example.org>")
    assert slack_payload(given.message(told))["text"] == (
        "*[IATI] ACKNOWLEDGED: Datastore – Website*\n"
        "👤 Datastore – Website: acknowledged by &lt;anna@example.org&gt; at 10:00. "
        "No reminders follow; the end is still announced."
    )


def test_names_call_nobody_and_make_no_links() -> None:
    payload = slack_payload(given.message(given.news(host="<!channel>", service="a&b <x|y>")))
    assert "&lt;!channel&gt; – a&amp;b &lt;x|y&gt;" in payload["text"]


def test_hundreds_of_hosts_fit_and_are_named() -> None:
    message = given.message(*(given.news(host=f"Host {number:03}.") for number in range(500)))
    shown = json.dumps(slack_payload(message))
    assert verdict(message) == 200
    assert all(f"Host {number:03}." in shown for number in range(500))


def test_what_has_no_room_is_counted() -> None:
    long = "x" * 100
    message = given.message(
        *(given.news(host=f"{long}{each}", message=long * 9) for each in range(500))
    )
    assert verdict(message) == 200
    last = slack_payload(message)["blocks"][-1]["elements"][0]["text"]
    assert last.startswith("and ")
    assert " more · Times" in last


NAMES = st.text(max_size=100) | st.sampled_from(["<@U1>", "&&&&" * 25, "<!here>", "*_~`"])


@any_of(
    st.lists(
        st.builds(
            given.news,
            st.sampled_from(Event),
            host=NAMES,
            service=NAMES,
            namespace_name=NAMES,
            message=NAMES | st.text("&", min_size=2000, max_size=3000),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_slack_takes_any_names(news: list[News]) -> None:
    message = given.message(*news)
    assert verdict(message) == 200
    assert is_escaped(slack_payload(message)["text"])
