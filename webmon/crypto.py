"""Secrets at rest: Fernet (AES-128-CBC + HMAC-SHA256), several keys for rotation.

The first key encrypts, all decrypt. Without `WEBMON_SECRET_KEY` the key lives in the data
directory, in a file that only its owner can read.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel, SecretStr

from webmon import config
from webmon.errors import Invalid

KEY_FILE = "secret.key"
SEALED = "$secret"


def read_or_create_key(data_dir: Path) -> bytes:
    """The key in ``data_dir``, made with mode 0600 when there is none yet.

    Two processes may start at once: the one that comes second reads the first one's key.

    Raises:
        Invalid: the folder or the file cannot be used.
    """
    try:
        return _read_or_create_key(data_dir)
    except OSError as error:
        reason = f"the key file in {data_dir} cannot be used: {error.strerror}"
        raise Invalid(reason, "WEBMON_DATA_DIR") from None


def _read_or_create_key(data_dir: Path) -> bytes:
    path = data_dir / KEY_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=data_dir)  # readable by its owner only
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):
            os.link(draft, path)  # all at once, and not where the file is there by now
        Path(draft).unlink()
    return path.read_bytes().strip()


class Vault:
    """Encrypts and decrypts short texts."""

    def __init__(self, keys: list[bytes]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise Invalid(
                "must be Fernet keys (32 bytes, url-safe base64), separated by commas",
                "WEBMON_SECRET_KEY",
            ) from None

    def encrypt(self, text: str) -> str:
        """``text`` as a token that can be stored."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The text behind ``token``.

        Raises:
            Invalid: no key fits, or the token was changed.
        """
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise Invalid("a stored secret cannot be read with the present key") from None


def has_key() -> bool:
    """Whether there is a key already; `vault` would make one."""
    settings = config.settings()
    return bool(settings.secret_key) or (settings.data_dir / KEY_FILE).exists()


@cache
def vault() -> Vault:
    """The vault of this process."""
    settings = config.settings()
    keys = [key.get_secret_value().encode() for key in settings.secret_key]
    return Vault(keys or [read_or_create_key(settings.data_dir)])


def seal(config: BaseModel) -> dict[str, Any]:
    """``config`` ready to be stored as JSON: what differs from the defaults, secrets encrypted."""
    sealed: dict[str, Any] = _sealed(config.model_dump(exclude_defaults=True))
    return sealed


def unseal(stored: Any) -> Any:
    """What `seal` stored, secrets in the clear, ready to be validated again."""
    if isinstance(stored, dict):
        if set(stored) == {SEALED}:
            return vault().decrypt(stored[SEALED])
        return {key: unseal(value) for key, value in stored.items()}
    if isinstance(stored, list):
        return [unseal(value) for value in stored]
    return stored


def _sealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return {SEALED: vault().encrypt(value.get_secret_value())}
    if isinstance(value, dict):
        return {key: _sealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sealed(item) for item in value]
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {SEALED}


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored, without what is encrypted in it."""
    return {
        name: without_secrets(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if not _is_secret(value)
    }


def secret_paths(config: Mapping[str, Any]) -> Iterator[str]:
    """Where something is encrypted: ``basic_auth.password``."""
    for name, value in config.items():
        if _is_secret(value):
            yield name
        elif isinstance(value, dict):
            yield from (f"{name}.{path}" for path in secret_paths(value))
