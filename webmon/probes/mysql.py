"""The `mysql` probe: a MySQL or MariaDB server that takes a login and answers a query."""

import contextlib
import time
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Target
from webmon.probes.databases.login import DatabaseConfig, Login, check_escaped, only_allowed
from webmon.probes.databases.mysql_client import Client, ServerError
from webmon.probes.wire.conversation import Conversation, converse
from webmon.probes.wire.host_names import server_name_of
from webmon.probes.wire.stream import Broken
from webmon.probes.wire.texts import quoted
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.threads import in_thread

_EXAMPLE = "mysql://user:password@host:3306/database"
_TLS_MODES = {
    "DISABLED": "disable",
    "PREFERRED": "prefer",
    "REQUIRED": "require",
    "VERIFY_IDENTITY": "verify-full",
}
_PARAMETERS = ("ssl-mode", "charset", "connect_timeout")
"""What a DSN may set after its question mark; the last two say nothing that matters."""

MARGIN_SECONDS = 0.2
"""A statement is stopped by the server this long before the check ends, so that it can say so."""

UNKNOWN_VARIABLE = 1193

Verdict = tuple[Status, str]


class MysqlConfig(DatabaseConfig):
    """A MySQL or MariaDB database, and who logs in."""

    port: int = Field(default=3306, title="Port", ge=1, le=65535)

    @classmethod
    def read_dsn(cls, dsn: str) -> dict[str, str]:
        """See `DatabaseConfig.read_dsn`."""
        check_escaped(dsn)
        try:
            url = urlsplit(dsn)
            host, port = url.hostname, url.port
        except ValueError:
            raise ValueError(f"must be like {_EXAMPLE}") from None
        if url.scheme.partition("+")[0] not in ("mysql", "mariadb") or url.fragment:
            raise ValueError(f"must be like {_EXAMPLE}")
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        only_allowed(parameters, _PARAMETERS)
        mode = parameters.get("ssl-mode", "PREFERRED").upper()
        if mode not in _TLS_MODES:
            raise ValueError(f"must have an ssl-mode of {', '.join(_TLS_MODES)}")
        told = {
            "host": host,
            "port": None if port is None else str(port),
            "database": unquote(url.path.removeprefix("/")),
            "user": unquote(url.username or ""),
            "password": unquote(url.password or ""),
            "tls": _TLS_MODES[mode] if "ssl-mode" in parameters else None,
        }
        return {name: value for name, value in told.items() if value}


async def probe_mysql(config: MysqlConfig, target: Target, timeout: float) -> Outcome:
    """Log in and ask once, within ``timeout`` seconds; nothing a server does raises."""
    login = config.login
    host = login.host or target.address.strip()
    if login.tls != "disable":
        context_for(Trust(login.tls == "verify-full"))  # made before the clock starts

    async def talk(conversation: Conversation) -> Verdict:
        client = Client(conversation, login, server_name_of(host))
        # In a thread of its own, as the places of a pool could all hang; it ends at once when its
        # conversation is closed, also while it waits.
        return await in_thread(
            lambda: _visit(client, config, login, conversation), name="mysql probe"
        )

    return await converse(host, login.port, timeout, talk, secret=login.secret)


def _visit(
    client: Client, config: MysqlConfig, login: Login, conversation: Conversation
) -> Verdict:
    evidence = conversation.evidence
    limit = 0.0
    with client:
        began = time.perf_counter()
        try:
            client.log_in()
        except ServerError as error:
            raise Broken(_refusal(error, login)) from None
        evidence["login_ms"] = _milliseconds_since(began)
        evidence["server_version"] = client.version
        try:
            conversation.wait_for("the beginning of a transaction")
            limit = max(0.1, conversation.seconds_left - MARGIN_SECONDS)
            _set_limits(client, limit)
            client.execute("START TRANSACTION READ ONLY")
            conversation.wait_for("the query's answer")
            began = time.perf_counter()
            answer = client.ask(config.query or "SELECT 1")
            evidence["query_ms"] = _milliseconds_since(began)
            _note_role(client, evidence)
            client.execute("ROLLBACK")
        except ServerError as error:
            raise Broken(_failure(error, login, limit)) from None
    said = conversation.shown(answer.value or "")
    if config.query is not None:
        evidence["answer"] = said
    if fault := answer.fault:
        return Status.DOWN, fault
    brand = "MariaDB" if "MariaDB" in client.version else "MySQL"
    name = f"{brand} {client.version.partition('-')[0]}"
    does = f"answered {quoted(said)}" if config.query is not None else "is ready"
    return Status.UP, f"{name} {does}"


def _note_role(client: Client, evidence: dict[str, Any]) -> None:
    """Replicas are read-only, as a rule. Not every server that speaks as MySQL does can say so."""
    with contextlib.suppress(ServerError):
        evidence["read_only"] = client.ask("SELECT @@global.read_only").value != "0"


def _set_limits(client: Client, seconds: float) -> None:
    """One row, and the time there is; servers from before 2015 know no limit of time."""
    client.execute("SET SESSION sql_select_limit = 1")
    setting = f"max_execution_time = {round(seconds * 1000)}"
    if "MariaDB" in client.version:
        setting = f"max_statement_time = {seconds:.3f}"
    try:
        client.execute(f"SET SESSION {setting}")
    except ServerError as error:
        if error.code != UNKNOWN_VARIABLE:
            raise


def _refusal(error: ServerError, login: Login) -> str:
    """Why somebody was not let in."""
    wrong = f"wrong password for user {login.user}, or no such user for this monitor's address"
    if not login.password:
        wrong = f"user {login.user} is not let in without a password"
    sentences = {
        1040: "too many connections",
        1044: f"user {login.user} may not use database {login.database}",
        1045: wrong,
        1049: f"database {login.database} does not exist",
        1129: "the server has blocked this monitor's address after too many failed connections",
        1130: "the server lets nobody in from this monitor's address",
        1203: f"too many connections of user {login.user}",
        1226: f"user {login.user} has used up what it may: {error.text}",
        1251: "wants a kind of login that is not known here",
        1698: f"user {login.user} cannot log in with a password",
        3118: f"the account of user {login.user} is locked",
        3159: "wants an encrypted connection",
        4151: f"the account of user {login.user} is locked",
    }
    return sentences.get(error.code) or _always(error) or f"refused the login: {_with_code(error)}"


def _failure(error: ServerError, login: Login, limit: float) -> str:
    """Why the query has no answer."""
    took_too_long = f"the query was stopped, it may take {limit:.1f} s: {error.text}"
    may_not = f"user {login.user} may not ask this: {error.text}"
    sentences = {
        1064: f"the query is not one correct statement: {error.text}",
        1142: may_not,
        1143: may_not,
        1227: may_not,
        1792: f"the query wants to write, and a check only reads: {error.text}",
        1969: took_too_long,
        3024: took_too_long,
    }
    return sentences.get(error.code) or _always(error) or f"the query failed: {_with_code(error)}"


def _always(error: ServerError) -> str | None:
    """What a server may say at any time."""
    return {
        1047: f"this node of the cluster is not ready: {error.text}",
        1053: "the server is shutting down",
        1080: "the server is shutting down",
        1927: "the server has ended the connection",
        3032: "the server is in offline mode",
    }.get(error.code)


def _with_code(error: ServerError) -> str:
    return f"{error.text} ({error.code})"


def _milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
