"""Letters: mail to one person, in plain text."""

from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from webmon.notifiers.base import NotifierError, Surroundings
from webmon.notifiers.email import POLICY
from webmon.notifiers.mail_server import hand_over, read_mail_server


def send_letter(
    to: str, subject: str, text: str, surroundings: Surroundings, *, now: datetime
) -> None:
    """Hand one letter to the mail server; blocks.

    Raises:
        NotifierError: the server did not take it.
    """
    if not to.isascii():
        raise NotifierError("only letters of ASCII can be sent to", permanent=True)
    server = read_mail_server(surroundings)
    mail = EmailMessage(POLICY)
    mail["From"] = Mailbox(server.sender_name, addr_spec=server.sender)
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    mail.set_content(text)
    hand_over(server, mail, (to,))
