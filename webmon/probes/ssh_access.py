"""How a host is reached over SSH: the login, and the host keys that are pinned (`host_key`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)
from pydantic import ValidationInfo as Info

if TYPE_CHECKING:
    from webmon.probes.private_keys import PrivateKey

_USER = re.compile(r"[A-Za-z0-9_.@\\+-]*\$?")


def _user(value: str) -> str:
    if not _USER.fullmatch(value) or value.startswith("-"):
        raise ValueError("must be the name of a user")
    return value


def _none_if_empty(value: Any) -> Any:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return None if isinstance(text, str) and not text.strip() else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty)]


class SshAccess(BaseModel):
    """Who logs in at a host, and with what: a private key, a password, or both."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )

    user: Annotated[str, AfterValidator(_user)] = Field(title="User", min_length=1, max_length=100)
    port: int = Field(default=22, title="Port", ge=1, le=65535)
    passphrase: OptionalSecret = Field(
        default=None, title="Passphrase", description="Of the private key, where it has one"
    )
    private_key: OptionalSecret = Field(
        default=None,
        title="Private key",
        description="The whole text of the file, from its BEGIN to its END line",
        max_length=20_000,
    )
    password: OptionalSecret = Field(
        default=None,
        title="Password",
        description="A key is better: what it may do can be limited",
        max_length=1000,
        validate_default=True,
    )

    @field_validator("private_key")
    @classmethod
    def _is_readable(cls, value: SecretStr | None, info: Info) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().replace("\r\n", "\n").strip() + "\n"
        _load(text, info.data.get("passphrase"))
        return SecretStr(text)

    @field_validator("password")
    @classmethod
    def _is_one_of_two(cls, value: SecretStr | None, info: Info) -> SecretStr | None:
        if value is None and "private_key" in info.data and info.data["private_key"] is None:
            raise ValueError("is required where no private_key is given")
        return value

    def key(self) -> "PrivateKey | None":
        """The private key, ready to sign."""
        if self.private_key is None:
            return None
        return _load(self.private_key.get_secret_value(), self.passphrase)

    @property
    def public_key(self) -> str | None:
        """The public half of the private key, as ``ssh-ed25519 AAAA…``."""
        from webmon.probes.private_keys import public_half

        key = self.key()
        return None if key is None else public_half(key)


def _load(text: str, passphrase: SecretStr | None) -> "PrivateKey":
    from webmon.probes.private_keys import load_private_key  # 2 MB, where no key is used

    return load_private_key(text, None if passphrase is None else passphrase.get_secret_value())


@dataclass(frozen=True, slots=True)
class SshTarget:
    """What is known of a host's SSH server: ``access`` None, nobody can log in there."""

    access: SshAccess | None = None
    host_keys: Mapping[str, Mapping[str, str]] | None = None
    """The pinned keys, by port."""

    def pinned_at(self, port: int) -> Mapping[str, str] | None:
        """The key that the host is known by at this port."""
        return (self.host_keys or {}).get(str(port))

    @classmethod
    def read(cls, access: Any, host_keys: Any) -> Self:
        """From what is stored with a host, secrets in the clear."""
        return cls(None if not access else SshAccess.model_validate(access), host_keys)


NO_SSH = SshTarget()
