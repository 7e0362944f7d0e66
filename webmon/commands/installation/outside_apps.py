"""What admins of all namespaces set up elsewhere and tell us of: Slack apps, the identity provider.

It counts at once, in every process.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from sqlmodel import Session

from webmon import config, crypto
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import Snapshot
from webmon.commands.validation import Fields, Name, validated
from webmon.domain.accounts.access import Actor, Role, require, require_confirmed
from webmon.domain.accounts.former_values import ANOTHER_SECRET, SECRET
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Setting
from webmon.queries.outside_apps import (
    PROVIDER,
    SLACK_APPS,
    provider_is_locked,
    slack_is_locked,
    stored,
)

MOST_APPS = 20
SET_OUTSIDE = "the environment sets this: change it there"


class SlackAppFields(Fields):
    """A Slack app: what people here call it, and its signing secret."""

    name: Name
    secret: SecretStr = Field(min_length=8, max_length=200)


class ProviderFields(Fields):
    """The identity provider. Without an issuer there is none; an empty secret stays as it is."""

    issuer: Annotated[str, AfterValidator(config.issuer_address)] = Field("", max_length=500)
    client_id: str = Field("", max_length=300)
    client_secret: SecretStr = Field(SecretStr(""), max_length=1000)
    groups: Annotated[
        list[str], BeforeValidator(config.split_by_commas), AfterValidator(config.known_grants)
    ] = Field(default_factory=list, max_length=200)
    groups_claim: str = Field("groups", min_length=1, max_length=100)


def save_slack_app(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> None:
    """Believe what is signed with this app's secret; one of the same name gets the new secret.

    Raises:
        Invalid: a field of `SlackAppFields` is wrong, or the environment sets the secrets.
        PermissionDenied, ConfirmationNeeded.
    """
    _require_may(actor, is_locked=slack_is_locked(), now=now)
    wanted = validated(SlackAppFields, fields)
    apps = stored(session, SLACK_APPS)
    if wanted.name not in apps and len(apps) >= MOST_APPS:
        raise Invalid(f"there are at most {MOST_APPS}", "name")
    is_new, sealed = wanted.name not in apps, crypto.seal(wanted)["secret"]
    _store(session, SLACK_APPS, {**apps, wanted.name: sealed})
    told = [None, SECRET] if is_new else [SECRET, ANOTHER_SECRET]
    verb = "added" if is_new else "changed"
    _note(session, verb, f"Slack app {wanted.name}", {"secret": told}, actor, now)


def forget_slack_app(session: Session, name: str, *, actor: Actor | None, now: datetime) -> None:
    """Believe nothing any more that this app signs.

    Raises:
        NotFound: there is none of this name.
        Invalid: the environment sets the secrets.
        PermissionDenied, ConfirmationNeeded.
    """
    _require_may(actor, is_locked=slack_is_locked(), now=now)
    apps = stored(session, SLACK_APPS)
    if apps.pop(name, None) is None:
        raise NotFound("there is no Slack app of this name")
    _store(session, SLACK_APPS, apps)
    _note(session, "deleted", f"Slack app {name}", {"secret": [SECRET, None]}, actor, now)


def save_provider(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> None:
    """Let people sign in by this identity provider, or by none.

    A secret is kept for the issuer that it was typed for alone: it never goes to another one.

    Raises:
        Invalid: a field of `ProviderFields` is wrong, or the environment sets the provider.
        PermissionDenied, ConfirmationNeeded.
    """
    _require_may(actor, is_locked=provider_is_locked(), now=now)
    wanted = validated(ProviderFields, fields)
    before = stored(session, PROVIDER)
    typed = wanted.client_secret.get_secret_value()
    after: dict[str, Any] = {}
    if wanted.issuer:
        is_same = before.get("issuer") == wanted.issuer
        if not wanted.client_id:
            raise Invalid("is required", "client_id")
        if not typed and not is_same:
            raise Invalid("type the secret for this issuer", "client_secret")
        sealed = {crypto.SEALED: crypto.vault().encrypt(typed)}
        after = wanted.model_dump(exclude={"client_secret"})
        after["client_secret"] = sealed if typed else before["client_secret"]
    _store(session, PROVIDER, after)
    if changes := _changes(before, after):
        _note(session, "changed", "the identity provider", changes, actor, now)


def _require_may(actor: Actor | None, *, is_locked: bool, now: datetime) -> None:
    if actor is not None:
        require(actor, Role.ADMIN)
        if actor.namespace_ids is not None:
            raise PermissionDenied("this needs access to all namespaces")
    require_confirmed(actor, now=now)
    if is_locked:
        raise Invalid(SET_OUTSIDE, "locked")


def _store(session: Session, name: str, value: dict[str, Any]) -> None:
    session.merge(Setting(name=name, value=json.dumps(value)))
    session.flush()


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    names = ("issuer", "client_id", "groups", "groups_claim")
    changes = {
        name: [before.get(name), after.get(name)]
        for name in names
        if before.get(name) != after.get(name)
    }
    old, new = before.get("client_secret"), after.get("client_secret")
    if old != new:
        another = ANOTHER_SECRET if old else SECRET
        changes["client_secret"] = [SECRET if old else None, another if new else None]
    return changes


def _note(
    session: Session,
    verb: str,
    name: str,
    changes: dict[str, list[Any]],
    actor: Actor | None,
    now: datetime,
) -> None:
    subject = Snapshot(None, name, None, {})
    write_entry(session, verb, "setting", subject, None, changes, actor=actor, now=now)
