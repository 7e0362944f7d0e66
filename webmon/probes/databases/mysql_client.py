"""PyMySQL over a connection that is ours, so that it cannot wait, read or tell more than it may.

Two of its private methods are overridden, as it has no other way: ``_read_bytes`` reads packets of
any number and size, and ``_request_authentication`` is the only moment between the greeting and the
password. To count in the socket instead would need a socket that TLS can wrap: a real one.
"""

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import pymysql  # type: ignore[import-untyped]
from pymysql.connections import Connection  # type: ignore[import-untyped]
from pymysql.constants import CLIENT, CR, FIELD_TYPE  # type: ignore[import-untyped]

from webmon.clock import utcnow
from webmon.probes.databases.login import Login, QueryAnswer
from webmon.probes.wire.conversation import MOST_BYTES, Conversation
from webmon.probes.wire.stream import Broken
from webmon.probes.wire.texts import quoted
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_failures import handshake_failure, verification_failure

MOST_GREETING_BYTES = 4096

_NUMBERS = frozenset(
    {
        FIELD_TYPE.TINY,
        FIELD_TYPE.SHORT,
        FIELD_TYPE.INT24,
        FIELD_TYPE.LONG,
        FIELD_TYPE.LONGLONG,
        FIELD_TYPE.DECIMAL,
        FIELD_TYPE.NEWDECIMAL,
        FIELD_TYPE.FLOAT,
        FIELD_TYPE.DOUBLE,
    }
)


class ServerError(Exception):
    """The server says that it does not do what it was asked for."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class OnlyEncrypted:
    """A login by the password in the clear; PyMySQL by itself would tell it to anyone."""

    def __init__(self, connection: "BoundedConnection") -> None:
        self._connection = connection

    def authenticate(self, _packet: Any) -> Any:
        """Send the password, where nobody can read along."""
        connection = self._connection
        if not connection.is_private:
            raise Broken("wants the password in the clear over an unencrypted connection")
        connection.write_packet(connection.password + b"\0")
        return connection._read_packet()


class NotKnown:
    """A login that is older than is safe, or that asks questions."""

    def __init__(self, _connection: "BoundedConnection") -> None:
        pass

    def authenticate(self, _packet: Any) -> Any:
        """There is no answer to it."""
        raise Broken("wants a kind of login that is not known here")


class BoundedConnection(Connection):  # type: ignore[misc]
    """PyMySQL's connection with a limit to what is read."""

    is_private = False
    """Whether nobody on the network can read along."""
    _may_read = MOST_BYTES

    def _read_bytes(self, num_bytes: int) -> bytes:
        self._may_read -= num_bytes
        if self._may_read < 0:
            raise Broken(f"sent more than {MOST_BYTES // 1024} kB")
        data: bytes = super()._read_bytes(num_bytes)
        return data

    def _request_authentication(self) -> None:
        offers_tls = bool(self.server_capabilities & CLIENT.SSL)
        if self.ssl and self._ssl_required and not offers_tls:
            raise Broken("offers no TLS, which is required here")
        self.is_private = self.is_private or bool(self.ssl and offers_tls)
        super()._request_authentication()


class Client:
    """A login and the queries after it. Blocks; it ends when the conversation is closed."""

    def __init__(self, conversation: Conversation, login: Login, server_name: str) -> None:
        self._conversation, self._login, self._server_name = conversation, login, server_name
        self._socket = conversation.hand_over()
        self._connection: BoundedConnection | None = None
        self.version = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(pymysql.MySQLError, OSError):
            if self._connection is not None and self._connection.open:
                self._connection.close()
        self._socket.close()

    def log_in(self) -> None:
        """Say who asks.

        Raises:
            Broken, ServerError.
        """
        self._conversation.wait_for("the server's greeting")
        self._socket.settimeout(self._conversation.seconds_left + 1)
        self._connection = self._unconnected()
        with self._in_plain_words():
            self._check_greeting()
            self._conversation.wait_for("an answer to the login")
            self._connection.connect(self._socket)
            version = str(self._connection.get_server_info())
            self.version = self._conversation.shown(version.removeprefix("5.5.5-"), 60)
            if isinstance(self._connection._sock, ssl.SSLSocket):
                self._conversation.tls_version = self._connection._sock.version() or ""

    def execute(self, statement: str) -> None:
        """Run a statement of our own.

        Raises:
            Broken, ServerError.
        """
        self.ask(statement)

    def ask(self, query: str) -> QueryAnswer:
        """The first value of what ``query`` returns; the server refuses all but one statement.

        Raises:
            Broken, ServerError.
        """
        assert self._connection is not None
        with self._in_plain_words(), self._connection.cursor() as cursor:
            cursor.execute(query)
            return _first_value(cursor)

    def _check_greeting(self) -> None:
        """Whether the server begins as it should: a length, 0, and a 10 or an error."""
        conversation = self._conversation
        beginning = self._socket.recv(200, socket.MSG_PEEK)
        if not beginning:
            raise Broken(f"closed the connection ({conversation.step})")
        is_short = int.from_bytes(beginning[:3], "little") <= MOST_GREETING_BYTES
        if is_short and beginning[3:4] in (b"", b"\0") and beginning[4:5] in (b"", b"\n", b"\xff"):
            return
        said = quoted(conversation.shown(beginning))
        raise Broken(f"{conversation.endpoint} does not speak MySQL’s protocol, it sent {said}")

    def _unconnected(self) -> BoundedConnection:
        login = self._login
        wants_tls = login.tls != "disable"
        # What counts is that the conversation is closed in time; these limits come only after it.
        seconds = self._conversation.seconds_left + 1
        connection = BoundedConnection(
            defer_connect=True,
            host=self._server_name,
            user=login.user,
            password=login.password.encode(),
            database=login.database,
            charset="utf8mb4",
            conv={},
            local_infile=False,
            read_timeout=seconds,
            write_timeout=seconds,
            autocommit=None,
            program_name="Beaconry",
            ssl_disabled=not wants_tls,
            ssl=context_for(Trust(login.tls == "verify-full")) if wants_tls else None,
            auth_plugin_map={
                "mysql_clear_password": OnlyEncrypted,
                "mysql_old_password": NotKnown,
                "dialog": NotKnown,
            },
        )
        connection.is_private = self._conversation.is_private
        if login.tls == "prefer":
            connection._ssl_required = False
            connection.client_flag &= ~CLIENT.SSL  # said again where the server offers TLS
        return connection

    @contextlib.contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        """Turn what PyMySQL raises into `Broken` and `ServerError`."""
        try:
            yield
        except pymysql.MySQLError as error:
            raise self._explained(error) from None
        except OSError:
            raise Broken(f"connection reset by {self._conversation.endpoint}") from None
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
            raise self._nonsense(error) from error  # PyMySQL trusts what it takes apart
        except (struct.error, RuntimeError, ImportError) as error:
            raise self._nonsense(error) from error

    def _explained(self, error: pymysql.MySQLError) -> Broken | ServerError:
        cause = getattr(error, "original_exception", None)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Broken(verification_failure(cause, (), self._server_name, now=utcnow()))
        if isinstance(cause, ssl.SSLError):
            return Broken(handshake_failure(cause, self._conversation.endpoint))
        if cause is not None:
            return Broken(f"connection reset by {self._conversation.endpoint}")
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = self._conversation.shown(str(error.args[-1]) if error.args else "")
        if code in (CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR):
            return Broken(f"closed the connection ({self._conversation.step})")
        return ServerError(code, text) if code else self._nonsense(error)

    def _nonsense(self, error: Exception) -> Broken:
        said = self._conversation.shown(str(error))
        return Broken(f"gave an answer that makes no sense in MySQL’s protocol ({said})")


def _first_value(cursor: Any) -> QueryAnswer:
    row = cursor.fetchone()
    if not row or not cursor.description:
        return QueryAnswer()
    value = row[0].decode("utf-8", errors="replace") if isinstance(row[0], bytes) else row[0]
    return QueryAnswer(value, has_row=True, is_number=cursor.description[0][1] in _NUMBERS)
