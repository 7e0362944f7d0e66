"""The Slack apps and the identity provider that are set up: by the environment, or in the app.

What the environment sets goes before what was typed in the app. Secrets are stored encrypted.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from webmon import config, crypto
from webmon.errors import Invalid
from webmon.models import Setting

SLACK_APPS, PROVIDER = "slack_apps", "identity_provider"


@dataclass(frozen=True, slots=True)
class Provider:
    """How people sign in by an identity provider; without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    groups: tuple[str, ...] = ()
    """``group=role`` or ``group=role:namespace+namespace``."""
    groups_claim: str = "groups"


def provider_is_locked() -> bool:
    """Whether the environment sets the provider."""
    return bool(config.settings().oidc_issuer)


def slack_is_locked() -> bool:
    """Whether the environment sets the signing secrets of Slack apps."""
    return bool(config.settings().slack_signing_secret)


def provider(session: Session) -> Provider:
    """The provider as it counts now."""
    given = config.settings()
    if provider_is_locked():
        return Provider(
            given.oidc_issuer,
            given.oidc_client_id,
            given.oidc_client_secret.get_secret_value(),
            tuple(given.oidc_groups),
            given.oidc_groups_claim,
        )
    found = stored(session, PROVIDER)
    if not found:
        return Provider()
    secret = _plain(found["client_secret"])
    return Provider(**found | {"client_secret": secret, "groups": tuple(found["groups"])})


def slack_secrets(session: Session) -> list[str]:
    """The signing secrets of all Slack apps."""
    if slack_is_locked():
        return [each.get_secret_value() for each in config.settings().slack_signing_secret]
    found = map(_plain, stored(session, SLACK_APPS).values())
    return [secret for secret in found if secret]


def has_slack_app(session: Session) -> bool:
    """Whether commands and clicks of some Slack app come here."""
    return slack_is_locked() or bool(stored(session, SLACK_APPS))


def stored(session: Session, name: str) -> dict[str, Any]:
    """What was typed in the app, secrets encrypted: by app, or the fields of the provider."""
    row = session.get(Setting, name)
    found: dict[str, Any] = json.loads(row.value) if row is not None else {}
    return found


def _plain(sealed: Any) -> str:
    """The secret; empty where the key that it was encrypted with is gone: it fits nothing."""
    try:
        return str(crypto.unseal(sealed))
    except Invalid:
        return ""
