"""Settings that kinds share which speak TLS: whose certificates count, and what is shown."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
)

from webmon.probes.wire.host_names import ascii_name, is_name_or_address
from webmon.probes.wire.tls_contexts import Trust, context_for

MOST_PEM = 64 * 1024


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _checked_name(name: str | None) -> str | None:
    if name is None:
        return None
    name = ascii_name(name.strip())
    if not is_name_or_address(name):
        raise ValueError("must be a host name such as www.example.org")
    return name.rstrip(".")


def _checked_authorities(pem: str | None) -> str | None:
    if pem is not None:
        context_for(Trust(authorities=pem))
    return pem


ServerName = Annotated[str | None, AfterValidator(_checked_name), BeforeValidator(_blank_is_none)]


Authorities = Annotated[
    str | None,
    AfterValidator(_checked_authorities),
    BeforeValidator(_blank_is_none),
    Field(
        title="Authorities",
        description="PEM of the only ones that count; empty: those that browsers know",
        max_length=MOST_PEM,
    ),
]
ClientCertificate = Annotated[
    SecretStr | None,
    BeforeValidator(_blank_is_none),
    Field(
        title="Client certificate",
        description="PEM of a certificate and its private key, for servers that want one",
        max_length=MOST_PEM,
    ),
]


def _opens_the_key(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    identity = info.data.get("client_certificate")
    if identity is not None:
        context_for(Trust().showing(identity, value))
    elif value is not None and "client_certificate" in info.data:
        raise ValueError("needs client_certificate")
    return value


ClientPassphrase = Annotated[
    SecretStr | None,
    AfterValidator(_opens_the_key),
    BeforeValidator(_blank_is_none),
    Field(
        title="Passphrase",
        description="Of the client certificate's key, where it is encrypted",
        validate_default=True,
    ),
]
"""Stands behind a field ``client_certificate``."""
