"""The `email` notifier: one mail to all recipients of a channel, as text and HTML.

It sends in a thread (`base.blocking`): `smtplib` is in the standard library and does all that is
needed, and an asynchronous client would be one more dependency for a few mails a minute.
"""

import hashlib
from email import message_from_string
from email.header import Header
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field

from webmon.domain.notifications.messages import html, plain_text, subject
from webmon.domain.notifications.news import Message
from webmon.notifiers.base import Deferred, NotifierConfig, NotifierError, Receipt, Surroundings
from webmon.notifiers.mail_server import ADDRESS, MailServer, hand_over, read_mail_server, refusals

MOST_RECIPIENTS = 100
CALENDAR = "downtime.ics"
PERMANENT = 500
NOT_ASCII = (553, b"only letters of ASCII can be sent to")


class _Policy(EmailPolicy):
    """Nothing that stands in a subject is taken for an encoded word, which could hold headers."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if name.lower() == "subject" and "=?" in value:
            words = " ".join(value.split())
            return name, Header(words, "utf-8", header_name=name).encode(maxlinelen=75)
        return super().header_store_parse(name, value)


POLICY = _Policy(cte_type="7bit")
"""Letters beyond ASCII are written in it: not every server announces 8BITMIME."""


def _address(value: str) -> str:
    value = value.strip()
    if len(value) > 254 or not ADDRESS.fullmatch(value):
        raise ValueError("must be e-mail addresses, such as anna@example.org")
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Addresses = Annotated[
    tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(_as_list)
]


class EmailConfig(NotifierConfig):
    """Who gets the mail. Empty only in the administrators' channel: all of them get it."""

    to: Addresses = Field(
        default=(),
        title="Recipients",
        description="E-mail addresses, separated by commas; each sees the others",
        max_length=MOST_RECIPIENTS,
    )


def send_email(config: EmailConfig, message: Message, surroundings: Surroundings) -> Receipt:
    """Hand one mail to the mail server. Its Message-ID is the reference for later ones.

    A refused recipient is named in the receipt's note; the others get the mail. Who is only put
    off, as greylisting does, is tried again alone (`Receipt.deferred`).

    Raises:
        NotifierError: the server took it for no recipient.
    """
    wanted = dict.fromkeys(config.to or surroundings.admins)
    recipients = tuple(address for address in wanted if address.isascii())
    if not recipients:
        raise NotifierError("there is no recipient", permanent=True)
    server = read_mail_server(surroundings)
    mail = compose(message, server, recipients)
    if surroundings.calendar:
        mail.add_attachment(
            surroundings.calendar,
            maintype="text",
            subtype="calendar",
            filename=CALENDAR,
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
    refused = hand_over(server, mail, recipients)
    refused |= {each: NOT_ASCII for each in wanted if each not in recipients}
    later = tuple(each for each, (code, _) in refused.items() if code < PERMANENT)
    told = {
        "refused": {each: refused[each] for each in refused if each not in later},
        "tried again, for now refused": {each: refused[each] for each in later},
    }
    note = "; ".join(f"{word}: {refusals(those)}" for word, those in told.items() if those)
    deferred = Deferred(later, mail.as_string()) if later else None
    return Receipt(reference=str(mail["Message-ID"]), note=note, deferred=deferred)


def send_again(deferred: Deferred, surroundings: Surroundings) -> tuple[str, ...]:
    """Hand a mail over for those who were put off; who still is. Blocks."""
    mail = cast(EmailMessage, message_from_string(deferred.mail, policy=POLICY))
    try:
        server = read_mail_server(surroundings)
        refused = hand_over(server, mail, deferred.recipients)
    except NotifierError as error:
        return () if error.permanent else deferred.recipients
    return tuple(each for each, (code, _) in refused.items() if code < PERMANENT)


def compose(message: Message, server: MailServer, recipients: tuple[str, ...]) -> EmailMessage:
    """The mail. Its Message-ID is derived from the message's key, so that mail programs show a
    mail that was sent twice once."""
    mail = EmailMessage(POLICY)
    mail["From"] = Mailbox(server.sender_name, addr_spec=server.sender)
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(message.composed_at)
    mail["Message-ID"] = message_id(message.key, server.sender)
    if message.reply_to:
        mail["In-Reply-To"] = mail["References"] = message.reply_to
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    mail.set_content(plain_text(message))
    mail.add_alternative(html(message), subtype="html")
    return mail


def message_id(key: str, sender: str) -> str:
    """``<…@example.org>``, always the same for the same key."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def preview_email(_config: EmailConfig, message: Message) -> str:
    """Subject and text."""
    return f"{subject(message)}\n\n{plain_text(message)}"
