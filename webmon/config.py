"""Settings from the environment and `.env`; the only reader of `os.environ`.

A wrong value is refused with one line that names the setting (`read_settings`).
"""

import os
import urllib.request
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from webmon.errors import Invalid, in_plain_words

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"

LONGEST_DAYS = 36_500
"""A hundred years: so many days ago there was a date."""


def _split(value: Any) -> Any:
    """A comma-separated text as a list of its non-empty parts."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaSeparated = BeforeValidator(_split)
SmallLetters = BeforeValidator(str.lower)


class Settings(BaseSettings):
    """What the environment can change. Names, defaults and meaning: docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix="WEBMON_", env_file=ENV_FILE, env_ignore_empty=True, extra="ignore"
    )

    data_dir: Path = ROOT / "data"
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
    private_networks: Annotated[Literal["allow", "refuse"], SmallLetters] = "allow"
    metrics_allow: Annotated[list[IPvAnyNetwork], NoDecode, CommaSeparated] = []
    x_api_url: str = "https://api.x.com"
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

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("base_url", "x_api_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and (
            urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc
        ):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("connectivity_targets")
    @classmethod
    def _host_and_port(cls, value: list[str]) -> list[str]:
        for target in value:
            host, _, port = target.rpartition(":")
            if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
                raise ValueError(f"must be host:port, separated by commas (wrong: {target})")
        return value

    @property
    def database(self) -> str:
        """The database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'webmon.db'}"

    @property
    def public_url(self) -> str:
        """Where people reach the product, without a slash at the end."""
        return self.base_url or f"http://localhost:{self.port}"


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
        REFLEX_STATES_WORKDIR=str(settings.data_dir.absolute() / "states"),
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
