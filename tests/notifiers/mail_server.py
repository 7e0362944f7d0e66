"""An SMTP server that keeps what it is handed, wants what it is told to, and fails on demand."""

import asyncio
import email
import email.policy
import ssl
import threading
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.notifiers.stand_in import Recorder


@dataclass(frozen=True)
class Failure:
    """What goes wrong with a mail: ``reply`` at a command, or without one a broken connection.

    ``at`` is ``MAIL``, ``DATA`` (before the text, or in the middle of it) or ``END`` (after it).
    """

    at: str
    reply: str = ""
    taken: bool = False


FAILURES = (
    Failure("MAIL", "421 4.3.2 Service not available"),
    Failure("MAIL", "451 4.3.0 Try again later"),
    Failure("DATA", "451 4.3.0 Try again later"),
    Failure("DATA"),
    Failure("END", "452 4.3.1 Insufficient system storage"),
    Failure("END"),
    Failure("END", taken=True),
)


class MailServer(Recorder[Failure]):
    """Listens on loopback in a thread of its own, from entering to leaving.

    With ``user`` and ``password`` nobody else may send; ``refused`` are the replies to recipients.
    ``tls`` offers STARTTLS, or with ``from_the_start`` speaks TLS only.
    """

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        from_the_start: bool = False,
        refused: dict[str, str] | None = None,
        failure_rate: float = 0.0,
        seed: int = 0,
        delay_seconds: float = 0.0,
        port: int = 0,
    ) -> None:
        super().__init__(FAILURES, failure_rate, seed)
        self.user, self.password = user, password
        self.refused = refused or {}
        self.delay_seconds = delay_seconds
        self.refused_senders: dict[str, str] = {}
        self._tls, self._from_the_start = tls, from_the_start
        self._port = port

    def will_fail(self, *failures: Failure) -> None:
        """Let the next mails fail so."""
        self.prepare(*failures)

    def url(self, *, user: str = "", password: str = "", options: str = "") -> str:
        """The setting that names it."""
        who = f"{user}:{password}@" if user else ""
        scheme = "smtps" if self._from_the_start else "smtp"
        return f"{scheme}://{who}localhost:{self.port}?from=webmon@example.org{options}"

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        at_start = self._tls if self._from_the_start else None
        listening = self._loop.create_server(
            self._connection, "127.0.0.1", self._port, ssl=at_start, backlog=200
        )
        self._server = self._loop.run_until_complete(listening)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)  # lets the transports say that they are closed

    def _connection(self) -> SMTP:
        return _Connection(
            _Handler(self),
            hostname="mail.example",
            loop=self._loop,
            tls_context=None if self._from_the_start else self._tls,
            authenticator=self._authenticate if self.user else None,
            auth_require_tls=self._tls is not None and not self._from_the_start,
        )

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _how: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        is_known = (given.login, given.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=is_known, handled=False)


class _Handler:
    """aiosmtpd's questions about a mail, answered as the server is told to."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_MAIL(
        self, smtp: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._server.user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        session.failure = self._server.next_failure()
        if self._server.delay_seconds:
            await asyncio.sleep(self._server.delay_seconds)
        if address in self._server.refused_senders:
            return self._server.refused_senders[address]
        if session.failure and session.failure.at == "MAIL":
            return str(session.failure.reply)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, smtp: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self._server.refused:
            return self._server.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: SMTP, session: Any, envelope: Any) -> str:
        failure = session.failure
        if failure is None or failure.taken:
            self._server.keep(_read(session, envelope), cut=failure is not None)
        if failure is None or failure.reply:
            return str(failure.reply) if failure else "250 Taken"
        smtp.transport.abort()
        return "250 Nobody reads this"


class _Connection(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        failure = getattr(self.session, "failure", None)
        if failure is None or failure.at != "DATA" or not self.envelope.rcpt_tos:
            await super().smtp_DATA(arg)
        elif failure.reply:
            await self.push(failure.reply)
        else:
            await self.push("354 Go on")
            await self._reader.readline()
            self.transport.abort()


def _read(session: Any, envelope: Any) -> dict[str, Any]:
    mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "from": envelope.mail_from,
        "recipients": list(envelope.rcpt_tos),
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "subject": str(mail["Subject"]),
        "text": _content(text),
        "html": _content(html),
        "encrypted": session.ssl is not None,
    }


def _content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
