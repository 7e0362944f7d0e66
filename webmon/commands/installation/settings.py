"""What admins of all namespaces set for everybody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from sqlmodel import Session

from webmon import config
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import Snapshot
from webmon.commands.validation import Fields, validated
from webmon.config import LONGEST_DAYS
from webmon.domain.accounts.access import Actor, Role, require, require_confirmed
from webmon.domain.colours import checked_accent
from webmon.domain.names import checked_name
from webmon.errors import Invalid, PermissionDenied
from webmon.models import Setting, User
from webmon.queries.installation import BEGINS, SESSION_DAYS, installation
from webmon.queries.second_factors import REQUIRED_OF, has_factor

LONGEST_NAME = 60
LONGEST_SESSION = 365


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise ValueError(f"must have at most {LONGEST_NAME} characters")
    return checked_name(text) if text else ""


def _accent(text: str) -> str:
    return checked_accent(text) if text else ""


def _public_address(text: str) -> str:
    """One whose host name is not that of the app: nothing but the public page is served there."""
    address = config.own_address(text.strip().lower())
    own, base = urlsplit(address).hostname, urlsplit(config.settings().base_url).hostname
    if address and (not base or own == base):
        raise ValueError("needs another host name than WEBMON_BASE_URL, which has to be set")
    return address


Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
Targets = Annotated[
    list[str], BeforeValidator(config.split_by_commas), AfterValidator(config.hosts_and_ports)
]


class InstallationFields(Fields):
    """The settings. Those that the environment sets are left as they are."""

    site_name: Annotated[str, AfterValidator(_name)] = ""
    accent: Annotated[str, AfterValidator(_accent)] = ""
    public_address: Annotated[str, AfterValidator(_public_address)] = ""
    connectivity_targets: Targets = Field(default_factory=list)
    raw_retention_days: Days = 30
    hourly_retention_days: Days = 400
    session_days: Annotated[int, Field(ge=1, le=LONGEST_SESSION)] = SESSION_DAYS
    second_factor_roles: list[Role] = Field(default_factory=list)
    provider_factor_counts: bool = False


def save_settings(
    session: Session, fields: Mapping[str, Any], *, actor: Actor | None, now: datetime
) -> None:
    """Give the installation these settings; what is left out gets its default.

    Sessions of people who now need a second factor and have none end at once.

    Raises:
        Invalid: a field of `InstallationFields` is wrong; or the actor would be shut out.
        PermissionDenied: the actor is no admin of all namespaces.
    """
    if actor is not None:
        require(actor, Role.ADMIN)
        if actor.namespace_ids is not None:
            raise PermissionDenied("this needs access to all namespaces")
    require_confirmed(actor, now=now)
    wanted = validated(InstallationFields, fields)
    _require_not_shut_out(session, wanted, actor)
    before = installation(session)
    for name, value in wanted.model_dump().items():
        if name not in before.locked:
            _store(session, REQUIRED_OF if name == REQUIRED_OF else BEGINS + name, value)
    session.flush()
    changes = _changes(before, installation(session))
    if changes:
        subject = Snapshot(None, "the installation", None, {})
        write_entry(
            session, "changed the settings of", "setting", subject, None, changes,
            actor=actor, now=now,
        )  # fmt: skip


def _require_not_shut_out(
    session: Session, wanted: InstallationFields, actor: Actor | None
) -> None:
    user = session.get(User, actor.user_id) if actor is not None else None
    if user is None or user.role not in wanted.second_factor_roles:
        return
    if not has_factor(session, user.id):
        raise Invalid("set up your own second factor first", "second_factor_roles")


def _store(session: Session, name: str, value: Any) -> None:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    session.merge(Setting(name=name, value=text))


def _changes(before: Any, after: Any) -> dict[str, list[Any]]:
    names = InstallationFields.model_fields
    told = ((name, _told(getattr(before, name)), _told(getattr(after, name))) for name in names)
    return {name: [old, new] for name, old, new in told if old != new}


def _told(value: Any) -> Any:
    return ", ".join(sorted(value)) if isinstance(value, tuple | frozenset) else value
