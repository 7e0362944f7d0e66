"""What can be set for a database, and how the answer to a query is judged."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from webmon.probes.base import ProbeConfig
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.texts import quoted

Tls = Literal["disable", "prefer", "require", "verify-full"]

_READS = re.compile(r"(select|with|show|values|table)\b", re.IGNORECASE)
_WRITES_A_FILE = re.compile(r"\binto\s+(outfile|dumpfile)\b", re.IGNORECASE)
_AUTHORITY = re.compile(r"[\w+]+://([^/?#]*)(.*)", re.DOTALL)
_HOST = re.compile(r"[\w.-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}(%[\w.-]{1,20})?\]?")


def blank_is_none(value: Any) -> Any:
    """An empty field of a form is one that was not filled in."""
    return None if isinstance(value, str) and not value.strip() else value


def _checked_query(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip().rstrip(";").strip()
    if value and not _READS.match(value):
        raise ValueError("must be one statement that reads: SELECT, WITH, SHOW, VALUES or TABLE")
    if _WRITES_A_FILE.search(value):
        raise ValueError("must not write a file")
    if "\0" in value:
        raise ValueError("has a character that cannot be sent")
    return value or None


Text = Annotated[str | None, BeforeValidator(blank_is_none)]


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom to log in. No host: the address of the service's host."""

    host: str | None
    port: int
    database: str | None
    user: str
    password: str
    tls: Tls
    wants: str = "any"
    """Which server of a cluster is the right one, as in libpq's target_session_attrs."""

    @property
    def secret(self) -> str:
        """What must not be shown when the server repeats it; names are no secrets."""
        names = (self.user, self.database, self.host)
        return "" if self.password in names else self.password


class DatabaseConfig(ProbeConfig):
    """Where a database is, who logs in, and what is asked."""

    dsn: Annotated[SecretStr | None, BeforeValidator(blank_is_none)] = Field(
        default=None,
        title="Connection string (DSN)",
        description="The fields below fill in what it leaves out",
    )
    host: Text = Field(
        default=None, title="Host", description="Empty: the address of this service's host"
    )
    port: int = Field(default=0, title="Port", ge=1, le=65535)
    database: Text = Field(default=None, title="Database", max_length=200)
    user: Text = Field(default=None, title="User", max_length=200, validate_default=True)
    password: Annotated[SecretStr | None, BeforeValidator(blank_is_none)] = Field(
        default=None, title="Password"
    )
    query: Annotated[str | None, BeforeValidator(_checked_query)] = Field(
        default=None,
        title="Query",
        description=(
            "One statement that reads. Its first value decides: no row, NULL, false or 0 is down;"
            " empty: SELECT 1"
        ),
        max_length=4000,
    )
    tls: Tls = Field(
        default="prefer",
        title="Encryption (TLS)",
        description="prefer: where the server offers it; verify-full: with a valid certificate",
    )
    address_family: AddressFamily = "auto"

    @classmethod
    def read_dsn(cls, dsn: str) -> dict[str, str]:
        """What a DSN says: host, port, database, user, password, tls, wants; those it names.

        Raises:
            ValueError: it cannot be read, or says something that is not allowed.
        """
        raise NotImplementedError

    @field_validator("dsn")
    @classmethod
    def _can_be_read(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            told = cls.read_dsn(value.get_secret_value().strip())
            _check_dsn(told)
        return value

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str | None) -> str | None:
        return None if value is None else checked_host(value.strip())

    @field_validator("database", "user")
    @classmethod
    def _can_be_sent(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("has a character that cannot be sent")
        return value

    @field_validator("user")
    @classmethod
    def _is_given(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "dsn" in info.data and value is None:
            dsn = info.data["dsn"]
            told = cls.read_dsn(dsn.get_secret_value().strip()) if dsn else {}
            if not told.get("user"):
                raise ValueError("must say who logs in, here or in the connection string")
        return value

    @property
    def needs_address(self) -> bool:
        """See `ProbeConfig.needs_address`."""
        return not self.login.host

    @property
    def places(self) -> dict[str, str]:
        """See `ProbeConfig.places`."""
        login = self.login
        return {"host" if login.host == self.host else "dsn": login.host} if login.host else {}

    @property
    def login(self) -> Login:
        """What the DSN says, and what the fields say where it does not."""
        told = self.read_dsn(self.dsn.get_secret_value().strip()) if self.dsn else {}
        password = self.password.get_secret_value() if self.password else ""
        return Login(
            host=told.get("host") or self.host,
            port=int(told.get("port") or self.port),
            database=told.get("database") or self.database,
            user=told.get("user") or self.user or "",
            password=told.get("password") or password,
            tls=cast(Tls, told.get("tls") or self.tls),
            wants=told.get("wants") or "any",
        )


def checked_host(host: str) -> str:
    """One host name or address, and nothing else that a client might take for one.

    Raises:
        ValueError: it is a path, a list, or something else.
    """
    if not _HOST.fullmatch(host):
        raise ValueError("must be the name or the address of one host")
    return host


def check_escaped(dsn: str) -> None:
    """Make sure that a URL's user and password do not end early and leave another host.

    In ``mysql://monitor:12/x@db.example`` the host is ``monitor`` to every client.

    Raises:
        ValueError: an ``@`` follows where user, password and host have ended; or there are two.
    """
    found = _AUTHORITY.match(dsn)
    if found and ("@" in found[2] or found[1].count("@") > 1):
        raise ValueError(
            "must have the special characters of user and password escaped:"
            " write %40 for @, %2F for /, %3F for ?, %23 for #"
        )


def only_allowed(parameters: Iterable[str], allowed: Collection[str]) -> None:
    """Let a DSN set nothing else: other parameters read files or change what is looked at.

    Raises:
        ValueError: it sets something else.
    """
    for name in parameters:
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise ValueError(f"must not set {quoted(name)}; allowed are {known}")


def _check_dsn(told: Mapping[str, str]) -> None:
    if told.get("host"):
        checked_host(told["host"])
    if told.get("port") and not (
        told["port"].isascii() and told["port"].isdigit() and 0 < int(told["port"][:6]) < 65536
    ):
        raise ValueError("must have a port from 1 to 65535")
    if told.get("tls") and told["tls"] not in get_args(Tls):
        raise ValueError(f"must ask for one of {', '.join(get_args(Tls))} as encryption")
    for name in ("user", "database"):
        if not told.get(name, "").isprintable():
            raise ValueError(f"has a {name} with a character that cannot be sent")


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The first value of a query's first row, as text; None for NULL, and where there is none."""

    value: str | None = None
    has_row: bool = False
    is_boolean: bool = False
    is_number: bool = False

    @property
    def fault(self) -> str | None:
        """Why this answer means that something is wrong; None when it does not."""
        if not self.has_row:
            return "the query returned no row"
        if self.value is None:
            return "the query returned NULL"
        if self.is_boolean and self.value == "false":
            return "the query returned false"
        if self.is_number and not self.value.strip("+-0."):
            return f"the query returned {self.value}"
        return None
