"""The `postgres` probe: a server that takes a login and answers a query."""

import re
import time
from collections.abc import Mapping

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn
from pydantic import Field

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Target
from webmon.probes.databases.login import (
    DatabaseConfig,
    Login,
    QueryAnswer,
    check_escaped,
    only_allowed,
)
from webmon.probes.databases.postgres_protocol import ServerError, Session, log_in
from webmon.probes.wire.conversation import Conversation, converse
from webmon.probes.wire.host_names import server_name_of
from webmon.probes.wire.stream import Broken
from webmon.probes.wire.texts import quoted
from webmon.probes.wire.tls_contexts import Trust, context_for

_PARAMETERS = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "user": "user",
    "password": "password",
    "sslmode": "tls",
    "target_session_attrs": "wants",
    "channel_binding": "",
    "connect_timeout": "",
    "application_name": "",
}
"""What a DSN may set, and what it is called here; the last three have no name."""

_WANTED = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
_NOT_SPOKEN = {
    ("sslmode", "allow"): "write prefer or disable",
    ("sslmode", "verify-ca"): "write verify-full, which compares the name too, or require",
    ("channel_binding", "require"): "write prefer, and sslmode=verify-full to know the server",
}
"""What libpq can do and this monitor cannot, and what to write."""

_BINDINGS = ("disable", "prefer")
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")

MARGIN_SECONDS = 0.2
"""A statement is stopped by the server this long before the check ends, so that it can say so."""


class PostgresConfig(DatabaseConfig):
    """A PostgreSQL database, and who logs in."""

    port: int = Field(default=5432, title="Port", ge=1, le=65535)

    @classmethod
    def read_dsn(cls, dsn: str) -> dict[str, str]:
        """See `DatabaseConfig.read_dsn`."""
        check_escaped(dsn)
        try:
            parameters = parse_dsn(_DRIVER.sub(r"\1://", dsn))
        except (ProgrammingError, ValueError):  # whose text may quote a password
            example = "postgresql://user:password@host:5432/database"
            raise ValueError(f"must be like {example}") from None
        only_allowed(parameters, _PARAMETERS)
        _check_modes(parameters)
        told = {_PARAMETERS[name]: str(value) for name, value in parameters.items()}
        if told.get("wants", "any") not in _WANTED:
            raise ValueError(f"must have a target_session_attrs of {', '.join(_WANTED)}")
        return told


def _check_modes(parameters: Mapping[str, str]) -> None:
    for (name, value), advice in _NOT_SPOKEN.items():
        if parameters.get(name) == value:
            raise ValueError(f"must not ask for {name}={value}, which is not spoken here: {advice}")
    if parameters.get("channel_binding", "prefer") not in _BINDINGS:
        raise ValueError(f"must have a channel_binding of {', '.join(_BINDINGS)}")


async def probe_postgres(config: PostgresConfig, target: Target, timeout: float) -> Outcome:
    """Log in and ask once, within ``timeout`` seconds; nothing a server does raises."""
    login = config.login
    host = login.host or target.address.strip()
    if login.tls != "disable":
        context_for(Trust(login.tls == "verify-full"))  # made before the clock starts

    async def talk(conversation: Conversation) -> tuple[Status, str]:
        began = time.perf_counter()
        try:
            session = await log_in(conversation, login, server_name_of(host))
        except ServerError as error:
            raise Broken(_refusal(error, login)) from None
        _note(conversation, session, began)
        return await _ask(session, config, login)

    return await converse(host, login.port, timeout, talk, secret=login.secret)


def _note(conversation: Conversation, session: Session, began: float) -> None:
    conversation.evidence["login_ms"] = _milliseconds_since(began)
    version = session.parameters.get("server_version", "").partition(" ")[0]
    conversation.evidence["server_version"] = version


async def _ask(session: Session, config: PostgresConfig, login: Login) -> tuple[Status, str]:
    """One query in a transaction that cannot write: a setting of the session would outlive the
    check where a pooler stands between, and affect the next client of that connection."""
    conversation = session.conversation
    limit = max(0.1, conversation.seconds_left - MARGIN_SECONDS)
    conversation.wait_for("the beginning of a transaction")
    try:
        await session.execute(
            f"BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {round(limit * 1000)}"
        )
        conversation.wait_for("the query's answer")
        began = time.perf_counter()
        answer = await session.ask(config.query or "SELECT 1")
        conversation.evidence["query_ms"] = _milliseconds_since(began)
        in_recovery = await _is_in_recovery(session)
        await session.execute("ROLLBACK")
    except ServerError as error:
        raise Broken(_failure(error, login, limit)) from None
    conversation.evidence["in_recovery"] = in_recovery
    await conversation.send(b"X\0\0\0\4")
    return _judged(session, config, login, answer, in_recovery)


async def _is_in_recovery(session: Session) -> bool | None:
    """Servers say so themselves since PostgreSQL 14. None: there is no such thing."""
    told = session.parameters.get("in_hot_standby")
    if told is not None:
        return told == "on"
    try:
        return (await session.ask("SELECT pg_is_in_recovery()")).value == "true"
    except ServerError:
        return None


def _judged(
    session: Session,
    config: PostgresConfig,
    login: Login,
    answer: QueryAnswer,
    in_recovery: bool | None,
) -> tuple[Status, str]:
    name = f"PostgreSQL {session.conversation.evidence['server_version']}".rstrip()
    is_replica = " (a replica in recovery)" if in_recovery else ""
    said = session.conversation.shown(answer.value or "")
    if config.query is not None:
        session.conversation.evidence["answer"] = said
    if fault := answer.fault:
        return Status.DOWN, fault
    if login.wants in ("primary", "read-write") and in_recovery:
        return Status.DOWN, f"is a replica in recovery, wanted is a {login.wants} server"
    if login.wants == "standby" and in_recovery is False:
        return Status.DOWN, "is a primary server, wanted is a replica"
    if config.query is None:
        return Status.UP, f"{name} is ready{is_replica}"
    return Status.UP, f"{name}{is_replica} answered {quoted(said)}"


_NOT_READY = {
    "starting up": "the server is still starting up",
    "shutting down": "the server is shutting down",
    "in recovery mode": "the server is recovering from a crash",
    "not yet accepting": "the server is still starting up, and recovers first",
}


def _not_ready(error: ServerError) -> str:
    for words, sentence in _NOT_READY.items():
        if words in error.text:
            return sentence
    return f"the server is not ready: {error.text}"


def _refusal(error: ServerError, login: Login) -> str:
    """Why somebody was not let in."""
    if error.code == "57P03":
        return _not_ready(error)
    sentences = {
        "28P01": f"wrong password for user {login.user}",
        "28000": f"user {login.user} is not let in: {error.text}",
        "3D000": f"database {login.database or login.user} does not exist",
        "53300": f"too many connections: {error.text}",
        "42501": f"user {login.user} may not connect: {error.text}",
        "57P01": "the server is shutting down",
        "57P02": "the server is restarting after a crash",
    }
    return sentences.get(error.code) or f"refused the login: {_with_code(error)}"


def _failure(error: ServerError, login: Login, limit: float) -> str:
    """Why the query has no answer."""
    sentences = {
        "57014": f"the query was stopped, it may take {limit:.1f} s: {error.text}",
        "25006": f"the query wants to write, and a check only reads: {error.text}",
        "42501": f"user {login.user} may not ask this: {error.text}",
        "42601": f"the query is not one correct statement: {error.text}",
        "57P01": "the server is shutting down",
        "57P02": "the server is restarting after a crash",
        "57P03": _not_ready(error),
    }
    return sentences.get(error.code) or f"the query failed: {_with_code(error)}"


def _with_code(error: ServerError) -> str:
    code = f" ({error.code})" if error.code else ""
    return f"{error.text or 'the server does not say why'}{code}"


def _milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
