"""What the administrators hear in their own channel, and about the monitor itself."""

from sqlmodel import select

from tests import factories
from tests.clock import HOUR, MINUTE, NOW, SECOND
from tests.outbox import add_channel, iati, outbox, site
from tests.outside import deliver, follow_up, outside, see
from webmon.commands.notifications import announcements
from webmon.domain.accounts.access import Role
from webmon.domain.checks.status import Status
from webmon.domain.notifications.news import Event
from webmon.models import Channel, Namespace, User
from webmon.queries.notifications.mail_readers import NOT_WANTED, mail_readers

__all__ = ["iati", "outside", "site"]

UP, DOWN = Status.UP, Status.DOWN

# --- their channel


def test_administrators_hear_of_their_namespaces_and_need_a_mail_server(
    database, outside, monkeypatch, site
):
    add_channel(database, "admins", kind="recorder", built_in=True)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + MINUTE)
    assert outbox(database) == [("down", "suppressed", "there is no active administrator")]
    see(database, UP, site, at=NOW + HOUR)
    with database.write() as session:
        [iati] = session.exec(select(Namespace)).all()
        di = factories.namespace(session, "di")
        factories.user(session, "a@example.org")
        factories.user(session, "editor@example.org", role=Role.EDITOR)
        factories.user(session, "gone@example.org", disabled_at=NOW)
        factories.user(session, "iati@example.org", namespace_ids=[iati.id])
        factories.user(session, "di@example.org", namespace_ids=[di.id])
    see(database, DOWN, site, at=NOW + 2 * HOUR)
    deliver(database, at=NOW + 3 * HOUR)
    assert outside.admins == [("a@example.org", "iati@example.org")]


def test_an_administrator_does_without_a_kind_of_mail_and_never_without_a_recovery_alone(
    database, outside, site
):
    channel_id = add_channel(database, "admins", kind="recorder", built_in=True)
    with database.write() as session:
        factories.user(session, "a@example.org", unwanted_mails=["reminders", "downtimes"])
        factories.user(session, "b@example.org", unwanted_mails=["outages"])
        announcements.tell_monitor(session, "offline:1", "It was offline.", now=NOW)
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + MINUTE)
    follow_up(database, at=NOW + 6 * HOUR)
    deliver(database, at=NOW + 6 * HOUR)
    see(database, UP, site, at=NOW + 7 * HOUR)
    deliver(database, at=NOW + 8 * HOUR)
    told = [message.news[0].event.value for _, message in outside.received]
    assert told == ["monitor", "down", "reminder", "up"]
    a, b = ("a@example.org",), ("b@example.org",)
    assert outside.admins == [a + b, a, b, a], "what is wrong with the monitor goes to everybody"

    with database.write() as session:
        for user in session.exec(select(User)):
            user.unwanted_mails = ["outages"]
    see(database, DOWN, site, at=NOW + 9 * HOUR)
    deliver(database, at=NOW + 10 * HOUR)
    assert outbox(database, channel_id)[-1] == ("down", "suppressed", NOT_WANTED)


def test_a_person_who_is_asked_and_does_without_it_leaves_it_to_the_administrators(database, iati):
    with database.write() as session:
        asked = factories.user(session, "b@example.org", Role.EDITOR)
        factories.user(session, "a@example.org")
        ask = {"only_to": asked.email}
        assert mail_readers(session, iati, [Event.DOWNTIME], **ask) == ("b@example.org",)
        asked.unwanted_mails = ["downtimes"]
        session.flush()
        assert mail_readers(session, iati, [Event.DOWNTIME], **ask) == ("a@example.org",)


def test_without_a_mail_server_mail_is_suppressed_at_once(database, outside, site):
    channel_id = add_channel(database, kind="email")
    see(database, DOWN, site, at=NOW)
    deliver(database, at=NOW + 3 * SECOND)
    assert outbox(database, channel_id) == [("down", "suppressed", "WEBMON_SMTP_URL is not set")]


# --- about the monitor itself


def test_news_of_the_monitor_go_once_to_the_private_channels_of_all_namespaces(
    database, outside, iati
):
    add_channel(database, "ops")
    add_channel(database, "concerned")
    add_channel(database, "public", kind="billboard")
    add_channel(database, "iati", namespace_id=iati)
    with database.write() as session:
        [about] = session.exec(select(Channel.id).where(Channel.name == "concerned")).all()
        for _ in range(2):
            announcements.tell_monitor(
                session, "offline:1", "The monitor was offline.", now=NOW, about_channel=about
            )
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["ops"]
    assert outside.messages()[0].news[0].message == "The monitor was offline."


def test_that_a_channel_fails_is_told_to_those_who_look_after_its_namespace(
    database, outside, iati
):
    with database.write() as session:
        di = factories.namespace(session, "di").id
        factories.user(session, "iati@example.org", namespace_ids=[iati])
        factories.user(session, "di@example.org", namespace_ids=[di])
    add_channel(database, "admins", built_in=True)
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "di", namespace_id=di)
    about = add_channel(database, "x", kind="billboard", namespace_id=iati)
    with database.write() as session:
        announcements.tell_monitor(session, "channel:1", "It fails.", now=NOW, about_channel=about)
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["admins", "iati"]
    assert outside.admins[0] == ("iati@example.org",)


def test_that_the_administrators_own_channel_fails_is_told_by_all_that_are_private(
    database, outside, iati
):
    about = add_channel(database, "admins", built_in=True)
    add_channel(database, "iati", namespace_id=iati)
    add_channel(database, "x", kind="billboard", namespace_id=iati)
    with database.write() as session:
        announcements.tell_monitor(session, "channel:1", "It fails.", now=NOW, about_channel=about)
    deliver(database, at=NOW)
    assert [name for name, _ in outside.received] == ["iati"]
