"""The `email` notifier against a mail server that records, refuses, and breaks off."""

import email
import email.policy
import ssl
from dataclasses import replace
from email.message import EmailMessage

import pytest

from tests import news as given
from tests.clock import MINUTE, NOW
from tests.notifiers.mail_server import Failure, MailServer
from webmon.domain.notifications.news import Event, Message
from webmon.notifiers import email as email_notifier
from webmon.notifiers import mail_server as settings
from webmon.notifiers.base import Deferred, NotifierError, Receipt, Surroundings
from webmon.notifiers.email import EmailConfig, compose, send_again, send_email
from webmon.notifiers.mail_server import greet, hello_name, read_mail_server

TO = ("ops@example.org", "anna@example.org")


def around(url: str, admins: tuple[str, ...] = ()) -> Surroundings:
    return Surroundings("https://status.example.org", smtp_url=url, admins=admins)


def send(url: str, told: Message | None = None, to: tuple[str, ...] = TO) -> Receipt:
    return send_email(EmailConfig(to=to), told or given.message(), around(url))


def refusal(url: str, to: tuple[str, ...] = TO) -> NotifierError:
    with pytest.raises(NotifierError) as refused:
        send(url, to=to)
    assert "s3cret" not in str(refused.value)
    return refused.value


def test_one_mail_to_all_recipients() -> None:
    with MailServer() as server:
        receipt = send(server.url())
    [mail] = server.contents
    assert (mail["from"], mail["recipients"]) == ("webmon@example.org", list(TO))
    assert mail["subject"] == "[IATI] DOWN: Datastore – Website"
    assert "Datastore – Website is down since 10:00.\n  connection refused by" in mail["text"]
    assert "<strong>DOWN</strong>" in mail["html"]
    headers = mail["headers"]
    assert headers["from"] == "Beaconry <webmon@example.org>"
    assert headers["to"] == "ops@example.org, anna@example.org"
    assert headers["message-id"] == receipt.reference
    assert headers["auto-submitted"] == "auto-generated"
    assert headers["date"] == "Mon, 23 Nov 2026 10:00:00 +0000"
    assert "in-reply-to" not in headers
    assert receipt.note == ""


def test_follow_ups_are_threaded_under_the_first_mail() -> None:
    up = given.news(Event.UP, NOW + MINUTE, down_since=NOW)
    with MailServer() as server:
        first = send(server.url())
        second = send(server.url(), given.message(up, key="17/up", reply_to=first.reference))
    headers = server.contents[1]["headers"]
    assert headers["in-reply-to"] == headers["references"] == first.reference
    assert second.reference != first.reference


def test_the_same_message_sent_twice_is_the_same_mail() -> None:
    with MailServer() as server:
        server.will_fail(Failure("END", taken=True))
        error = refusal(server.url())
        assert str(error) == "the mail server closed the connection"
        assert not error.permanent
        send(server.url())
    ids = [mail["headers"]["message-id"] for mail in server.contents]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert [taken.cut for taken in server.accepted] == [True, False]


def test_the_administrators_get_what_is_for_nobody_else() -> None:
    with MailServer() as server:
        send_email(EmailConfig(), given.message(), around(server.url(), ("admin@example.org",)))
    assert server.contents[0]["recipients"] == ["admin@example.org"]


def test_nobody_to_write_to() -> None:
    with pytest.raises(NotifierError, match="there is no recipient") as refused:
        send_email(EmailConfig(), given.message(), around("smtp://localhost"))
    assert refused.value.permanent


def test_starttls_and_a_password(server_context: ssl.SSLContext) -> None:
    with MailServer(user="we", password="s3c:ret/@", tls=server_context) as server:
        send(server.url(user="we", password="s3c%3Aret%2F%40", options="&starttls=true"))
    assert server.contents[0]["encrypted"]


def test_tls_from_the_start(server_context: ssl.SSLContext) -> None:
    with MailServer(tls=server_context, from_the_start=True) as server:
        send(server.url())
    assert len(server.contents) == 1


@pytest.mark.parametrize("from_the_start", [False, True])
def test_a_certificate_that_is_not_accepted(
    strange_context: ssl.SSLContext, from_the_start: bool
) -> None:
    with MailServer(tls=strange_context, from_the_start=from_the_start) as server:
        error = refusal(server.url(options="&starttls=true"))
    assert str(error).startswith("mail server: the certificate is not accepted: ")
    assert server.contents == []


def test_starttls_that_is_not_offered() -> None:
    with MailServer() as server:
        error = refusal(server.url(options="&starttls=true"))
    assert "STARTTLS" in str(error)
    assert error.permanent


def test_a_wrong_password() -> None:
    with MailServer(user="we", password="another") as server:
        error = refusal(server.url(user="we", password="s3cret"))
    assert str(error) == "the mail server does not accept user and password: 535"
    assert error.permanent


@pytest.mark.parametrize(("user", "password"), [("me", "p%C3%A9"), ("%C3%BC", "p")])
def test_a_password_that_cannot_be_sent(user: str, password: str) -> None:
    with MailServer(user="me", password="p") as server:
        error = refusal(server.url(user=user, password=password))
    assert str(error) == "WEBMON_SMTP_URL: user and password must be ASCII"
    assert error.permanent


def test_a_password_that_is_missing() -> None:
    with MailServer(user="we", password="s3cret") as server:
        error = refusal(server.url())
    assert str(error).startswith("the mail server refuses the sender webmon@example.org: 530 ")
    assert error.permanent


def test_a_refused_recipient_does_not_lose_the_others() -> None:
    with MailServer(refused={"anna@example.org": "550 5.1.1 No such user"}) as server:
        receipt = send(server.url())
    assert server.contents[0]["recipients"] == ["ops@example.org"]
    assert receipt.note == "refused: anna@example.org (550 5.1.1 No such user)"
    assert receipt.reference


def test_a_recipient_who_is_put_off_is_tried_again_alone() -> None:
    with MailServer(refused={"anna@example.org": "450 4.2.0 Greylisted"}) as server:
        receipt = send(server.url())
        deferred = receipt.deferred
        assert deferred is not None
        assert deferred.recipients == ("anna@example.org",)
        assert receipt.note.startswith("tried again, for now refused: anna@example.org (450 ")
        assert send_again(deferred, around(server.url())) == ("anna@example.org",)
        server.refused.clear()
        assert send_again(deferred, around(server.url())) == ()
        first, second = server.contents
    assert (first["recipients"], second["recipients"]) == (
        ["ops@example.org"],
        ["anna@example.org"],
    )
    for name in ("message-id", "subject", "to"):
        assert first["headers"][name] == second["headers"][name]


def test_who_is_refused_for_good_is_not_tried_again() -> None:
    with MailServer(refused={"anna@example.org": "550 No such user"}) as server:
        receipt = send(server.url())
        assert receipt.deferred is None
        gone = Deferred(("anna@example.org",), "Subject: x\n\nx\n")
        assert send_again(gone, around(server.url())) == ()
    nobody = Deferred(("ops@example.org",), "Subject: x\n\nx\n")
    assert send_again(nobody, around(server.url())) == ("ops@example.org",)


def test_a_recipient_that_cannot_be_written_does_not_lose_the_others() -> None:
    admins = ("ops@example.org", "jörg@example.org")
    with MailServer() as server:
        receipt = send_email(EmailConfig(), given.message(), around(server.url(), admins))
    assert server.contents[0]["recipients"] == ["ops@example.org"]
    assert receipt.note.startswith("refused: jörg@example.org (553 ")


@pytest.mark.parametrize(
    ("replies", "permanent"),
    [
        (("550 No such user", "550 No such user"), True),
        (("550 No such user", "451 Later"), False),
        (("450 Greylisted", "450 Greylisted"), False),
    ],
)
def test_all_recipients_are_refused(replies: tuple[str, str], permanent: bool) -> None:
    with MailServer(refused=dict(zip(TO, replies, strict=True))) as server:
        error = refusal(server.url())
    assert str(error).startswith(f"no recipient was accepted: ops@example.org ({replies[0]}), anna")
    assert error.permanent is permanent


@pytest.mark.parametrize(("reply", "permanent"), [("553 Not yours", True), ("451 Later", False)])
def test_a_refused_sender(reply: str, permanent: bool) -> None:
    with MailServer() as server:
        server.refused_senders["webmon@example.org"] = reply
        error = refusal(server.url())
    assert str(error) == f"the mail server refuses the sender webmon@example.org: {reply}"
    assert error.permanent is permanent


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (Failure("MAIL", "421 Busy"), "the mail server refuses the sender webmon@example.org: 421"),
        (Failure("DATA", "451 Later"), "the mail server answered 451 Later"),
        (Failure("DATA", "554 Spam"), "the mail server answered 554 Spam"),
        (Failure("DATA"), "the mail server closed the connection"),
        (Failure("END", "452 Full"), "the mail server answered 452 Full"),
        (Failure("END"), "the mail server closed the connection"),
        (Failure("END", taken=True), "the mail server closed the connection"),
    ],
)
def test_what_is_tried_again(failure: Failure, text: str) -> None:
    with MailServer() as server:
        server.will_fail(failure)
        error = refusal(server.url())
        assert str(error).startswith(text)
        assert not error.permanent
        assert error.may_have_arrived is not bool(failure.reply)
        assert len(server.contents) == failure.taken
        send(server.url())
    assert len(server.contents) == 1 + failure.taken


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TIMEOUT_SECONDS", 0.2)
    with MailServer(delay_seconds=0.6) as server:
        error = refusal(server.url())
    assert not error.permanent
    assert server.contents == []


def test_nobody_listens() -> None:
    with MailServer() as server:
        url = server.url()
    error = refusal(url)
    assert str(error) == "mail server: cannot be reached: connection refused"
    assert not error.permanent


@pytest.mark.parametrize(
    ("url", "port", "sender", "starttls", "tls"),
    [
        ("smtp://localhost", 25, "webmon@status.example.org", False, False),
        ("smtp://mail.example:2525?from=a@b.org", 2525, "a@b.org", False, False),
        ("smtp://u%40c.org:p@mail.example", 587, "u@c.org", True, False),
        ("smtp://u:p@mail.example?starttls=false", 25, "webmon@status.example.org", False, False),
        ("smtp://u:p@127.0.0.1:25", 25, "webmon@status.example.org", False, False),
        ("smtp://u:p@[::1]", 25, "webmon@status.example.org", False, False),
        ("smtps://u:p@mail.example", 465, "webmon@status.example.org", False, True),
        ("smtp://mail.example?starttls=TRUE", 587, "webmon@status.example.org", True, False),
        ("smtp://h?from=Status%20page%20%3Ca@b.org%3E", 25, "a@b.org", False, False),
    ],
)
def test_the_setting(url: str, port: int, sender: str, starttls: bool, tls: bool) -> None:
    server = read_mail_server(around(url))
    assert (server.port, server.sender) == (port, sender)
    assert (server.starttls, server.tls) == (starttls, tls)
    assert "s3cret" not in repr(read_mail_server(around("smtp://u:s3cret@localhost")))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:x",
        "smtp://h?starttls=perhaps",
        "smtp://h?from=nobody",
        "smtp://h?tls=1",
    ],
)
def test_a_setting_that_is_wrong_is_named(url: str) -> None:
    error = refusal(url)
    assert "WEBMON_SMTP_URL" in str(error)
    assert error.permanent


@pytest.mark.parametrize(
    "to", [["no"], ["a@b.org\nBcc: c@d.org"], ["a b@c.org"], "x@", ["é@b.org"]]
)
def test_only_addresses_of_people(to: object) -> None:
    with pytest.raises(ValueError, match="must be e-mail addresses"):
        EmailConfig.model_validate({"to": to})


def test_one_address_may_stand_by_itself() -> None:
    assert EmailConfig.model_validate({"to": " ops@example.org"}).to == ("ops@example.org",)


def test_names_cannot_add_headers() -> None:
    told = given.message(given.news(host="A\r\nBcc: x@example.org\r\n\r\nB", service="\x00ä"))
    with MailServer() as server:
        send(server.url(), told)
    assert "bcc" not in server.contents[0]["headers"]
    assert server.contents[0]["subject"] == "[IATI] DOWN: A Bcc: x@example.org B – ä"


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?x=0D=0ABcc:_someone@example.net?=",
        "=?utf-8?q?x=0D=0A=0D=0AYour_password_has_expired?=",
        "=?utf-8?b?aGVsbG8=?= and ä",
        "=?utf-8?q?plain?=",
    ],
)
def test_a_name_that_looks_encoded_stays_as_it_was_typed(name: str) -> None:
    message = given.message(given.news(service=name))
    with MailServer() as server:
        mail = compose(message, read_mail_server(around(server.url())), ("a@example.org",))
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    assert raw.isascii()
    head, _, _ = raw.partition(b"\r\n\r\n")
    read = email.message_from_bytes(head, policy=email.policy.default)
    assert name in read["subject"]
    assert read.keys() == mail.keys()
    assert b"multipart/alternative" in head


@pytest.mark.parametrize(
    ("host", "hello"),
    [
        ("status.example.org", "status.example.org"),
        ("stätus.example.org", "xn--sttus-hra.example.org"),
        ("10.0.0.5", "[10.0.0.5]"),
        ("fd00::5", "[IPv6:fd00::5]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("under_score", "localhost"),
        ("💩.example", "localhost"),
    ],
)
def test_the_name_in_ehlo_is_a_valid_one(host: str, hello: str) -> None:
    assert hello_name(host) == hello


@pytest.mark.parametrize(
    ("sender", "read"),
    [
        ("alerts+status@example.org", "alerts+status@example.org"),
        ("alerts%2Bstatus@example.org", "alerts+status@example.org"),
        ("webmon@stätus.example", "webmon@xn--sttus-hra.example"),
        ("a b@example.org", None),
        (".a@example.org", None),
        ("a@example.org%0D%0ABcc: b@example.org", None),
        ("jörg@example.org", None),
        ("%3D?utf-8?q?x?%3D <a@example.org>", None),
    ],
)
def test_the_sender_is_read_as_it_is_written(sender: str, read: str | None) -> None:
    surroundings = around(f"smtp://localhost?from={sender}")
    if read is None:
        with pytest.raises(NotifierError, match="WEBMON_SMTP_URL"):
            read_mail_server(surroundings)
    else:
        assert read_mail_server(surroundings).sender == read


def test_who_greets_names_the_sender_as_a_mail_does() -> None:
    with MailServer() as server:
        server.refused_senders["webmon@example.org"] = "550 5.7.1 not you"
        with pytest.raises(NotifierError, match=r"refuses the sender .*: 550"):
            greet(read_mail_server(around(server.url())))


def test_a_calendar_file_goes_with_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[EmailMessage] = []
    monkeypatch.setattr(email_notifier, "hand_over", lambda _, mail, __: handed.append(mail) or {})
    ics = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    surroundings = replace(around("smtp://mail.example.org?from=webmon@example.org"), calendar=ics)
    send_email(EmailConfig(to=TO), given.message(), surroundings)
    read = email.message_from_bytes(handed[0].as_bytes(), policy=email.policy.default)
    [attached] = read.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "text/calendar",
        "downtime.ics",
    )
    assert attached.get_payload(decode=True) == ics
    assert "is down" in read.get_body(("plain",)).get_content()
