"""The mail server that messages are handed to, as `WEBMON_SMTP_URL` says."""

import contextlib
import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import idna

from webmon.notifiers.base import NotifierError, Surroundings
from webmon.notifiers.failures import reason
from webmon.notifiers.transport import tls_context

TIMEOUT_SECONDS = 10.0
"""For each answer of the server."""
MOST_ANSWER = 200
SETTING = "WEBMON_SMTP_URL"

ADDRESS = re.compile(
    r"(?!\.)(?!.*\.\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<!\.)"
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
)
"""One that can be written without quotation marks, in ASCII."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Its address, how the connection is encrypted, and our login and sender."""

    host: str
    port: int
    sender: str
    hello: str
    """Our name in EHLO. Without it smtplib asks the name server, which can take long."""
    sender_name: str = "Beaconry"
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = False


def read_mail_server(surroundings: Surroundings) -> MailServer:
    """The server that the setting names: ``smtp://user:password@host:587?starttls=true&from=…``.

    A password goes to another machine only over an encrypted connection, unless ``starttls=false``
    says otherwise. Without ``from``, the sender is the user or ``webmon@`` our own host.

    Raises:
        NotifierError: no server is set, or the setting is wrong.
    """
    if not surroundings.smtp_url:
        raise NotifierError(f"no mail server is set: {SETTING} is empty", permanent=True)
    ours = urlsplit(surroundings.base_url).hostname or "localhost"
    try:
        url = urlsplit(surroundings.smtp_url)
        host, port = url.hostname or "", url.port
        options = _options(url.query)
        user = unquote(url.username or "")
        by_itself = bool(user) and not _is_near(host)
        starttls = _is_yes(options.pop("starttls", str(by_itself)))
        told = options.pop("from", _sender(user, ours))
        name, sender = parseaddr(told)
    except ValueError:
        raise NotifierError(f"{SETTING} is not a valid address", permanent=True) from None
    tls = url.scheme == "smtps"
    if url.scheme not in ("smtp", "smtps") or not host or options:
        raise NotifierError(f"{SETTING} is not a valid address", permanent=True)
    sender = _with_ascii_domain(sender)
    if not ADDRESS.fullmatch(sender) or "=?" in name or not told.isprintable():
        shown = _shown(sender)[:80]
        raise NotifierError(f"{SETTING}: from is no valid sender ({shown})", permanent=True)
    password = unquote(url.password or "")
    if not (user + password).isascii():  # smtplib can send no others
        raise NotifierError(f"{SETTING}: user and password must be ASCII", permanent=True)
    return MailServer(
        host=host,
        port=port or (465 if tls else 587 if starttls else 25),
        sender=sender,
        hello=hello_name(ours),
        sender_name=name or "Beaconry",
        user=user,
        password=password,
        tls=tls,
        starttls=starttls and not tls,
    )


def _options(query: str) -> dict[str, str]:
    """A plus sign stays one: many addresses have it.

    Raises:
        ValueError: something is not ``name=value``, or is given twice.
    """
    pairs = [part.partition("=") for part in query.split("&")] if query else []
    found = {unquote(name): unquote(value) for name, _, value in pairs}
    if len(found) < len(pairs) or not all(mark for _, mark, _ in pairs):
        raise ValueError(query)
    return found


def _sender(user: str, ours: str) -> str:
    return user if "@" in user else f"webmon@{_domain(ours)}"


def _domain(host: str) -> str:
    """``host`` as the domain of an address: an address without a name cannot be one everywhere."""
    name = hello_name(host)
    return "localhost" if name.startswith("[") else name


def _with_ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{hello_name(domain)}"


def hello_name(host: str) -> str:
    """``host`` as EHLO has it: in ASCII, an address in brackets (RFC 5321, 4.1.3)."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        return "localhost"
    return name if _NAME.fullmatch(name) else "localhost"


def _is_yes(word: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if word.lower() not in words:
        raise ValueError(word)
    return words[word.lower()]


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Refused = dict[str, tuple[int, bytes]]
"""Refused recipients with the server's answer: code and text."""


def hand_over(server: MailServer, mail: EmailMessage, recipients: tuple[str, ...]) -> Refused:
    """Give ``mail`` to the server; the recipients that it refused, if it took some.

    Raises:
        NotifierError: it took none. Permanent if it refuses the login, the sender, or every
            recipient for good; anything else is tried again.
    """
    with _in_words(server), _connected(server) as smtp:
        return smtp.send_message(mail, server.sender, recipients)


def greet(server: MailServer) -> None:
    """Connect, log in and name the sender as for a mail, and send none.

    Raises:
        NotifierError: the server refuses.
    """
    with _in_words(server), _connected(server) as smtp:
        smtp.ehlo_or_helo_if_needed()
        code, text = smtp.mail(server.sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, text, server.sender)
        smtp.rset()


class _AnswerLost(Exception):
    """The connection was lost after the text of the mail was sent."""


class _Smtp(smtplib.SMTP):
    def data(self, message: Any) -> Any:
        try:
            return super().data(message)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            raise _AnswerLost from error


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    pass


@contextlib.contextmanager
def _in_words(server: MailServer) -> Iterator[None]:
    """Errors inside become a `NotifierError`, in words for an admin."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        text = f"no recipient was accepted: {refusals(error.recipients)}"
        raise NotifierError(text, permanent=all(code >= 500 for code in codes)) from None
    except smtplib.SMTPSenderRefused as error:
        text = f"the mail server refuses the sender {server.sender}: {_answer(error)}"
        raise NotifierError(text, permanent=error.smtp_code >= 500) from None
    except smtplib.SMTPAuthenticationError as error:
        text = f"the mail server does not accept user and password: {error.smtp_code}"
        raise NotifierError(text, permanent=error.smtp_code >= 500) from None
    except smtplib.SMTPResponseException as error:
        raise NotifierError(f"the mail server answered {_answer(error)}") from None
    except _AnswerLost:
        text = "the mail server closed the connection"
        raise NotifierError(text, may_have_arrived=True) from None
    except smtplib.SMTPServerDisconnected:
        raise NotifierError("the mail server closed the connection") from None
    except smtplib.SMTPException as error:
        raise NotifierError(f"the mail server cannot do this: {error}", permanent=True) from None
    except TimeoutError:
        raise NotifierError("the mail server does not answer") from None
    except OSError as error:
        raise NotifierError(f"mail server: {reason(error)}") from None


@contextlib.contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    smtp = _connect(server)
    try:
        if server.starttls:
            smtp.starttls(context=tls_context())
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # what it says to our goodbye does not undo that it took the mail
    finally:
        smtp.close()


def _connect(server: MailServer) -> smtplib.SMTP:
    if not server.tls:
        return _Smtp(server.host, server.port, server.hello, TIMEOUT_SECONDS)
    return _SmtpOverTls(
        server.host, server.port, server.hello, timeout=TIMEOUT_SECONDS, context=tls_context()
    )


def refusals(refused: Refused) -> str:
    """``a@example.org (550 No such user), …``."""
    return ", ".join(
        f"{address} ({code} {_shown(text)})" for address, (code, text) in refused.items()
    )


def _answer(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_shown(error.smtp_error)}"


def _shown(text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    shown = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(shown.split())[:MOST_ANSWER]
