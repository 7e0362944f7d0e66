"""Settings from the environment and `.env`; the only reader of `os.environ`.

A wrong value is refused with one line that names the setting (`read_settings`).
"""

import os
import re
import urllib.request
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources.utils import parse_env_vars

from webmon.errors import Invalid, in_plain_words

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"

GRANT = re.compile(r".+=(admin|editor|viewer)(:[^:+=]+(\+[^:+=]+)*)?")
"""What a group of the identity provider may do; `webmon.domain.accounts.groups` reads it."""

LONGEST_DAYS = 36_500
"""A hundred years: so many days ago there was a date."""


def split_by_commas(value: Any) -> Any:
    """A comma-separated text as a list of its non-empty parts."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def hosts_and_ports(value: list[str]) -> list[str]:
    """``value``, if each of it is ``host:port``; for pydantic.

    Raises:
        ValueError: one is not.
    """
    for target in value:
        host, _, port = target.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
            raise ValueError(f"must be host:port, separated by commas (wrong: {target})")
    return value


def web_address(value: str) -> str:
    """``value`` without a slash at the end, if it is a web address or empty; for pydantic.

    Raises:
        ValueError: it is something else.
    """
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ValueError("must be an http:// or https:// address")
    return value.rstrip("/")


def own_address(value: str) -> str:
    """The same for an address of ours, which has no path; for pydantic.

    Raises:
        ValueError: it is something else.
    """
    parts = urlsplit(value)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after the host and port: no path is possible")
    return web_address(value)


def issuer_address(value: str) -> str:
    """``value`` as it is written, because the provider's tokens name it so letter by letter, if it
    is a web address or empty; for pydantic.

    Raises:
        ValueError: it is something else.
    """
    web_address(value)
    return value


def known_grants(value: list[str]) -> list[str]:
    """``value``, if each of it says what a group may do; for pydantic.

    Raises:
        ValueError: one does not.
    """
    for each in value:
        if not GRANT.fullmatch(each):
            raise ValueError(f"must be group=role or group=role:namespace (wrong: {each})")
    return value


CommaSeparated = BeforeValidator(split_by_commas)
SmallLetters = BeforeValidator(str.lower)


class LiteralFile(DotEnvSettingsSource):
    """`.env` as it is written: ``$`` and ``${HOME}`` in a password mean themselves."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        values = dotenv_values(file_path, encoding="utf-8", interpolate=False)
        return parse_env_vars(values, self.case_sensitive, self.env_ignore_empty)


class Settings(BaseSettings):
    """What the environment can change. Names, defaults and meaning: docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix="WEBMON_", env_file=ENV_FILE, env_ignore_empty=True, extra="ignore"
    )

    data_dir: Path = ROOT / "data"
    """Absolute: see `home`."""
    database_url: str = ""
    secret_key: Annotated[list[SecretStr], NoDecode, CommaSeparated] = []
    bind: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str = ""
    redis_url: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    smtp_url: SecretStr = SecretStr("")
    worker_concurrency: int = Field(default=200, ge=1, le=10_000)
    worker_threads: int = Field(default=32, ge=1, le=1_000)
    connectivity_targets: Annotated[list[str], NoDecode, CommaSeparated] = []
    raw_retention_days: int = Field(default=30, ge=1, le=LONGEST_DAYS)
    hourly_retention_days: int = Field(default=400, ge=1, le=LONGEST_DAYS)
    activity_retention_days: int = Field(default=400, ge=1, le=LONGEST_DAYS)
    private_networks: Annotated[Literal["allow", "refuse"], SmallLetters] = "allow"
    metrics_allow: Annotated[list[IPvAnyNetwork], NoDecode, CommaSeparated] = []
    slack_signing_secret: Annotated[list[SecretStr], NoDecode, CommaSeparated] = []
    mcp_key: SecretStr = SecretStr("")
    heartbeat_url: SecretStr = SecretStr("")
    x_api_url: str = "https://api.x.com"
    public_address: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_groups: Annotated[list[str], NoDecode, CommaSeparated] = []
    oidc_groups_claim: str = "groups"
    log_format: Annotated[Literal["text", "json"], SmallLetters] = "text"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], SmallLetters] = "info"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        """Only the two databases that the tests cover; `postgresql` means psycopg2."""
        if value and not value.startswith(
            ("sqlite:///", "postgresql://", "postgresql+psycopg2://")
        ):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _known_mail_scheme(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and urlsplit(url).scheme not in ("smtp", "smtps"):
            raise ValueError("must start with smtp:// or smtps://")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _callable(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (
            parts.scheme not in ("http", "https") or not parts.hostname
        ):
            raise ValueError("must be an http:// or https:// address")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _web_address_of_issuer(cls, value: str) -> str:
        return issuer_address(value)

    @field_validator("oidc_groups")
    @classmethod
    def _known_grants(cls, value: list[str]) -> list[str]:
        return known_grants(value)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("base_url", "public_address")
    @classmethod
    def _own_address(cls, value: str) -> str:
        return own_address(value)

    @field_validator("x_api_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("connectivity_targets")
    @classmethod
    def _host_and_port(cls, value: list[str]) -> list[str]:
        return hosts_and_ports(value)

    @model_validator(mode="after")
    def _beside_the_file(self) -> "Settings":
        """Make paths absolute, so that they mean the same in every process."""
        self.data_dir = home() / self.data_dir
        scheme, _, path = self.database_url.partition("sqlite:///")
        if path and not scheme and not path.startswith(":"):
            self.database_url = f"sqlite:///{home() / path}"
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given here, the environment, and `.env`, in this order."""
        return init_settings, env_settings, LiteralFile(settings_cls)

    @property
    def database(self) -> str:
        """The database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'webmon.db'}"

    @property
    def mail_server(self) -> str:
        """Where mail is handed over, as it may be shown: without user and password."""
        url = urlsplit(self.smtp_url.get_secret_value())
        address = url.netloc.rpartition("@")[2]
        return f"{url.scheme}://{address}" if address else ""

    @property
    def has_mail(self) -> bool:
        """Whether mail can be sent."""
        return bool(self.smtp_url.get_secret_value())

    @property
    def public_url(self) -> str:
        """Where people reach the product, without a slash at the end."""
        return self.base_url or f"http://localhost:{self.port}"


def env_file() -> Path | None:
    """`.env`, if there is one."""
    file = Settings.model_config.get("env_file")
    return file if isinstance(file, Path) and file.exists() else None


def home() -> Path:
    """What relative paths in settings are relative to: the folder of `.env`, or else the current
    folder."""
    file = env_file()
    return Path.cwd() if file is None else file.parent.absolute()


BETWEEN_PROCESSES = frozenset({"WEBMON_FRONTEND", "WEBMON_PULSE_FD"})


def unknown_names() -> dict[str, str]:
    """Names that look like settings and are none, each with the setting that may be meant."""
    file = env_file()
    written = {} if file is None else dotenv_values(file, interpolate=False)
    known = {f"WEBMON_{name.upper()}" for name in Settings.model_fields}
    named = {name.upper() for name in (*os.environ, *written) if name.upper().startswith("WEBMON_")}
    unknown = sorted(named - known - BETWEEN_PROCESSES)
    return {name: next(iter(get_close_matches(name, known, 1, 0.8)), "") for name in unknown}


def is_child() -> bool:
    """Whether `webmon up` has started this process."""
    return "WEBMON_PULSE_FD" in os.environ


def read_settings(**overrides: Any) -> Settings:
    """The settings as they are now.

    Raises:
        Invalid: a value is impossible; one line naming the setting and what is allowed.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"WEBMON_{str(first['loc'][0]).upper()}"
        raise Invalid(in_plain_words(first), name) from None
    except UnicodeDecodeError:
        raise Invalid(f"{ENV_FILE} is not UTF-8 text") from None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()


def frontend() -> str:
    """Which of the two Reflex apps this process builds or serves: ``"public"`` or ``"admin"``."""
    return os.environ.get("WEBMON_FRONTEND", "admin")


def pulse_descriptor() -> int | None:
    """The descriptor for signs of life, in a child of `webmon up`; no child of ours inherits it."""
    number = os.environ.pop("WEBMON_PULSE_FD", "")
    return int(number) if number.isdigit() else None


def environment(**extra: str) -> dict[str, str]:
    """This process's environment with ``extra``, to hand to a child process."""
    return {**os.environ, **extra}


def for_child(pulse: int) -> dict[str, str]:
    """The environment of a child of `webmon up`, which has another current folder."""
    present = settings()
    url = {"WEBMON_DATABASE_URL": present.database_url} if present.database_url else {}
    folder = str(present.data_dir)
    return environment(WEBMON_PULSE_FD=str(pulse), WEBMON_DATA_DIR=folder, **url)


def proxies() -> dict[str, str]:
    """The proxies of the environment by scheme: ``http``, ``https``, ``all``; ``no`` for none."""
    return urllib.request.getproxies_environment()


def prepare_reflex(settings: Settings, built: Path) -> None:
    """Tell Reflex, before it is imported, to serve the admin app as it was built in that folder."""
    os.environ.update(
        REFLEX_ENV_MODE="prod",
        __REFLEX_SKIP_COMPILE="true",
        __REFLEX_MOUNT_FRONTEND_COMPILED_APP="true",
        REFLEX_WEB_WORKDIR=str(built),
        REFLEX_STATES_WORKDIR=str(settings.data_dir / "states"),
        REFLEX_TELEMETRY_ENABLED="false",
        WEBSOCKETS_MAX_LINE_LENGTH="32768",  # a host name may have many cookies of others
        REFLEX_CHECK_LATEST_VERSION="false",
        WEBMON_FRONTEND="admin",
    )


def variable(name: str) -> str:
    """A variable that is not a setting of ours: one for the file's ``${env:NAME}``, a child's.

    Raises:
        Invalid: it is not set.
    """
    try:
        return os.environ[name]
    except (KeyError, ValueError):
        raise Invalid(f"the environment variable {name} is not set") from None
