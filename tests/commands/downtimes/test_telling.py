"""What channels are told of planned downtime: each step once, in order, to who shall hear it."""

import pytest
from icalendar import Calendar
from sqlmodel import select

from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.downtimes import EDITOR, first_lines, occurrences, pass_time, plan, steps, words
from tests.outbox import add_channel, claim, compose, iati, outbox, site
from tests.outside import deliver, outside, see
from webmon.commands.downtimes import edit, running
from webmon.config import settings
from webmon.domain.checks.status import Status
from webmon.models import Host, Notification

__all__ = ["iati", "outside", "site"]

START = NOW + 25 * HOUR
ANNOUNCED, REMINDED = "Planned downtime announced", "Reminder of planned downtime"
RESCHEDULED, STARTED = "Planned downtime rescheduled", "Planned downtime started"
EXTENDED, FINISHED = "Planned downtime extended", "Planned downtime finished"
CANCELLED, STILL = "Planned downtime cancelled", "Still down after planned downtime"


def do(database, command, *arguments, at=NOW, **named):
    with database.write() as session:
        return command(session, *arguments, actor=EDITOR, now=at, **named)


def test_the_whole_life_is_told_once_each_in_order(database, outside, site):
    add_channel(database)
    add_channel(database, "x", kind="billboard")
    made = plan(database, site, START, message="Short interruptions.")
    occurrence = occurrences(database, made.id)[0].id
    pass_time(database, NOW, NOW + HOUR, NOW + HOUR + MINUTE)
    moved = {"starts_at": START + HOUR, "duration_seconds": 3600}
    do(database, edit.edit_occurrence, made.id, START, **moved, at=NOW + 2 * HOUR)
    pass_time(database, NOW + 2 * HOUR, START - MINUTE, START, START + HOUR)
    see(database, Status.DOWN, site, at=START + 70 * MINUTE)
    do(database, running.extend, occurrence, 1800, at=START + 80 * MINUTE)
    pass_time(database, START + 80 * MINUTE)
    see(database, Status.UP, site, at=START + 90 * MINUTE)
    pass_time(database, START + 90 * MINUTE)
    do(database, running.finish, occurrence, at=START + 100 * MINUTE)
    pass_time(database, START + 100 * MINUTE, START + 101 * MINUTE, START + 5 * HOUR)
    for name in ("ops", "x"):
        assert words(outside, name) == [
            ANNOUNCED, RESCHEDULED, REMINDED, STARTED, EXTENDED, FINISHED,
        ]  # fmt: skip
    assert first_lines(outside)[1] == (
        "Planned downtime rescheduled: Database upgrade (Datastore), now Tue 24 Nov 12:00 to "
        "13:00 UTC, instead of Tue 24 Nov 11:00 to 12:00 UTC."
    )
    first = next(f"ref-{number}" for number, (name, _) in enumerate(outside.received, 1)
                 if name == "x")  # fmt: skip
    assert [each.reply_to for each in outside.messages("x")] == ["", *[first] * 5]
    assert outside.messages()[0].news[0].message.endswith("UTC.\nShort interruptions.")
    assert all(each.planned_downtime for each in outside.messages()[0].news)


def test_a_worker_that_was_stopped_tells_late_once_and_nothing_that_is_over(
    database, outside, site
):
    add_channel(database)
    plan(database, site, START)
    pass_time(database, START - 30 * MINUTE)
    assert words(outside) == [ANNOUNCED]
    assert outside.messages()[0].is_late
    pass_time(database, START + 2 * HOUR)
    assert words(outside) == [ANNOUNCED, FINISHED]
    assert steps(database)[1:] == ["(started)", "finished"]
    plan(database, site, START)
    pass_time(database, START + 2 * HOUR)
    assert words(outside) == [ANNOUNCED, FINISHED]


def test_an_announcement_that_waited_until_it_was_over_is_not_sent(database, outside, site):
    add_channel(database)
    plan(database, site, NOW + HOUR)
    deliver(database, at=NOW + 2 * HOUR)
    assert outbox(database) == [("downtime", "suppressed", "what it announces is over")]
    assert outside.received == []


def test_who_hears_of_a_step_is_chosen(database, outside, site):
    chosen = add_channel(database)
    add_channel(database, "x", kind="billboard")
    add_channel(database, "deaf", events=["down"])
    add_channel(database, "off", enabled=False)
    quiet = {"reminded": "page", "started": "private"}
    made = plan(database, site, NOW + 2 * HOUR, audience=quiet)
    pass_time(database, NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR)
    assert words(outside) == [ANNOUNCED, STARTED, FINISHED]
    assert words(outside, "x") == [ANNOUNCED, FINISHED]
    assert (outside.messages("deaf"), outside.messages("off")) == ([], [])
    assert ("downtime", "suppressed", "this step is not for public channels") in outbox(database)
    plan(database, site, NOW + 5 * HOUR, at=NOW + 4 * HOUR, channel_ids=[chosen], title="Two")
    pass_time(database, NOW + 4 * HOUR)
    assert (len(words(outside)), len(words(outside, "x"))) == (4, 2)
    assert made.channels_chosen is False


def test_what_is_private_is_not_named_where_everybody_reads(database, outside, site):
    add_channel(database)
    add_channel(database, "x", kind="billboard")
    with database.write() as session:
        session.exec(select(Host)).one().public = False
    plan(database, site, NOW + HOUR)
    pass_time(database, NOW)
    assert (len(words(outside)), words(outside, "x")) == (1, [])


def test_a_cancelled_one_is_told_where_it_was_announced(database, outside, site):
    add_channel(database)
    told, untold = plan(database, site, NOW + HOUR), plan(database, site, NOW + 48 * HOUR)
    pass_time(database, NOW)
    for each in (told, untold):
        do(database, running.cancel_downtime, each.id)
    pass_time(database, NOW + MINUTE, NOW + 48 * HOUR)
    assert words(outside) == [ANNOUNCED, CANCELLED]


def test_the_owner_is_asked_ten_minutes_before_the_end(database, outside, site):
    add_channel(database, kind="slack", enabled=False)
    own = add_channel(database, "admins", built_in=True)
    add_channel(database, "x", kind="billboard")
    made = plan(database, site, NOW, announce_before=[])
    pass_time(database, NOW)
    see(database, Status.DOWN, site, at=NOW + MINUTE)
    pass_time(database, NOW + 49 * MINUTE)
    assert "asked" not in steps(database)
    pass_time(database, NOW + 50 * MINUTE, NOW + 51 * MINUTE)
    with database.read() as session:
        rows = session.exec(select(Notification).where(Notification.channel_id == own)).all()
        asked = rows[-1].payload
    assert steps(database) == ["started", "asked"]
    assert asked["only_to"] == "anna@example.org"
    assert asked["message"].startswith(
        "Database upgrade ends at 11:00 UTC, and Datastore – Website is still down."
    )
    assert "30 minutes" in asked["message"]
    do(database, running.extend, occurrences(database, made.id)[0].id, 1800, at=NOW + 52 * MINUTE)
    pass_time(database, NOW + 53 * MINUTE, NOW + 81 * MINUTE)
    assert steps(database) == ["started", "asked", "extended", "asked"]
    assert len(words(outside, "x")) == 2


def test_it_finishes_by_itself_when_all_is_well_again(database, outside, site):
    add_channel(database)
    plan(database, site, NOW, announce_before=[], finish_when_up=2)
    see(database, Status.UP, site, at=NOW - MINUTE)
    for minute in (1, 2, 3):
        see(database, Status.UP, site, at=NOW + minute * MINUTE)
        pass_time(database, NOW + minute * MINUTE)
    assert steps(database) == ["started"]  # nothing was down yet
    see(database, Status.DOWN, site, at=NOW + 4 * MINUTE)
    see(database, Status.UP, site, at=NOW + 5 * MINUTE)
    pass_time(database, NOW + 5 * MINUTE)
    assert steps(database) == ["started"]
    see(database, Status.UP, site, at=NOW + 6 * MINUTE)
    pass_time(database, NOW + 6 * MINUTE)
    assert steps(database) == ["started", "finished"]
    assert first_lines(outside)[-1].endswith("10:06 UTC: everything was up for 2 checks.")


@pytest.mark.parametrize("seconds", [0, 2])
def test_still_down_is_told_to_those_who_knew(database, outside, site, seconds):
    add_channel(database)
    add_channel(database, "x", kind="billboard")
    add_channel(database, "deaf", events=["downtime"])
    plan(database, site, NOW, announce_before=[])
    pass_time(database, NOW)
    see(database, Status.DOWN, site, at=NOW + MINUTE)
    pass_time(database, NOW + MINUTE, NOW + HOUR + seconds * SECOND)
    assert words(outside) == [STARTED, FINISHED, STILL]
    assert words(outside, "deaf") == [STARTED, FINISHED, STILL]
    assert words(outside, "x") == [STARTED, FINISHED]
    assert outside.told("x")[-1] == "down Datastore.Website"
    assert outside.messages("x")[-1].news[0].after_downtime


def test_the_calendar_file_goes_with_the_announcing_mail(database, iati, site, monkeypatch):
    monkeypatch.setenv("WEBMON_SMTP_URL", "smtp://127.0.0.1:1?from=webmon@example.org")
    settings.cache_clear()
    add_channel(database, "mail", kind="email", config={"to": ["ops@example.org"]})
    plan(database, site, NOW + HOUR)
    outgoing = compose(database, claim(database, NOW)[0], NOW)
    calendar = Calendar.from_ical(outgoing.surroundings.calendar)
    assert [str(each["summary"]) for each in calendar.walk("VEVENT")] == ["Database upgrade"]
