"""The settings that admins make in the app. What the environment says goes before them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session, col, select

from webmon import config
from webmon.domain.accounts.access import Actor, Role
from webmon.models import Letter, Logo, Namespace, Setting
from webmon.models.letters import Occasion
from webmon.queries import outside_apps
from webmon.queries.second_factors import REQUIRED_OF

BEGINS = "installation."
"""So begin the names of their rows."""

SESSION_DAYS = 14
OF_ENVIRONMENT = (
    *("connectivity_targets", "raw_retention_days", "hourly_retention_days"),
    "public_address",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The settings as they count. An empty name or colour is that of the product."""

    site_name: str
    accent: str
    public_address: str
    """Where the public page alone is reached, besides the base URL; empty where nowhere else."""
    connectivity_targets: tuple[str, ...]
    raw_retention_days: int
    hourly_retention_days: int
    session_days: int
    second_factor_roles: frozenset[Role]
    provider_factor_counts: bool
    locked: frozenset[str]
    """Those that the environment sets."""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The page. ``mail`` says which server mail goes to, without its password."""

    who: str = ""
    may_manage: bool = False
    site_name: str = ""
    accent: str = ""
    public_address: str = ""
    connectivity_targets: str = ""
    raw_retention_days: str = ""
    hourly_retention_days: str = ""
    session_days: str = ""
    admins_need_factor: bool = False
    editors_need_factor: bool = False
    viewers_need_factor: bool = False
    provider_factor_counts: bool = False
    has_provider: bool = False
    """Whether people can sign in by an identity provider."""
    locked: tuple[str, ...] = ()
    mail: str = ""
    last_test: str = ""
    slack_apps: tuple[str, ...] = ()
    slack_locked: bool = False
    issuer: str = ""
    client_id: str = ""
    has_client_secret: bool = False
    groups: str = ""
    groups_claim: str = ""
    provider_locked: bool = False
    logos: tuple[str, ...] = ()
    """Whose logos there are, by name."""
    namespaces: tuple[tuple[str, str], ...] = ()
    """Slug and name of all of them."""
    callback: str = ""
    """The redirect address, to be typed at the provider."""


def installation(session: Session) -> Installation:
    """The settings as they count now."""
    rows = session.exec(
        select(Setting).where(col(Setting.name).startswith(BEGINS) | (Setting.name == REQUIRED_OF))
    )
    stored = {row.name.removeprefix(BEGINS): row.value for row in rows}
    given = config.settings()
    locked = frozenset(name for name in OF_ENVIRONMENT if name in given.model_fields_set)

    def value(name: str) -> Any:
        return None if name in locked else stored.get(name)

    targets = value("connectivity_targets")
    return Installation(
        site_name=stored.get("site_name", ""),
        accent=stored.get("accent", ""),
        public_address=str(value("public_address") or given.public_address),
        connectivity_targets=_parts(targets)
        if targets is not None
        else tuple(given.connectivity_targets),
        raw_retention_days=int(value("raw_retention_days") or given.raw_retention_days),
        hourly_retention_days=int(value("hourly_retention_days") or given.hourly_retention_days),
        session_days=int(stored.get("session_days") or SESSION_DAYS),
        second_factor_roles=frozenset(Role(each) for each in _parts(stored.get(REQUIRED_OF, ""))),
        provider_factor_counts=stored.get("provider_factor_counts") == str(True),
        locked=locked,
    )


def public_address(session: Session) -> str:
    """Where the public page alone is reached; empty where it has no address of its own."""
    return installation(session).public_address


def status_page(session: Session, namespace: str = "", part: str = "") -> str:
    """The address of the public page, or of a ``part`` of it (``feed.atom``), for links; narrowed
    to the namespace with this slug."""
    return page_address(public_address(session), namespace, part)


def page_address(own: str, namespace: str = "", part: str = "") -> str:
    """The same, where the public page's own address (empty: none) is known."""
    query = f"?{urlencode({'namespace': namespace})}" if namespace else ""
    return f"{own or config.settings().public_url}/status/{part}{query}"


def accents(session: Session) -> dict[str, str]:
    """The accent colours of the namespaces that have one of their own, by slug."""
    rows = select(Namespace.slug, Namespace.accent).where(Namespace.accent != "")
    return dict(session.exec(rows).all())


def admin_settings(session: Session, *, actor: Actor) -> SettingsView:
    """The page, for admins of all namespaces; others are told that it is not theirs."""
    who = f"{actor.email} · {actor.role.value}"
    if not actor.has(Role.ADMIN) or actor.namespace_ids is not None:
        return SettingsView(who)
    present = installation(session)
    need, signing_in = present.second_factor_roles, outside_apps.provider(session)
    return SettingsView(
        who,
        may_manage=True,
        site_name=present.site_name,
        accent=present.accent,
        public_address=present.public_address,
        connectivity_targets=", ".join(present.connectivity_targets),
        raw_retention_days=str(present.raw_retention_days),
        hourly_retention_days=str(present.hourly_retention_days),
        session_days=str(present.session_days),
        admins_need_factor=Role.ADMIN in need,
        editors_need_factor=Role.EDITOR in need,
        viewers_need_factor=Role.VIEWER in need,
        provider_factor_counts=present.provider_factor_counts,
        has_provider=bool(signing_in.issuer),
        slack_apps=tuple(sorted(outside_apps.stored(session, outside_apps.SLACK_APPS))),
        slack_locked=outside_apps.slack_is_locked(),
        issuer=signing_in.issuer,
        client_id=signing_in.client_id,
        has_client_secret=bool(signing_in.client_secret),
        groups=", ".join(signing_in.groups),
        groups_claim=signing_in.groups_claim,
        provider_locked=outside_apps.provider_is_locked(),
        logos=_owners_of_logos(session),
        namespaces=_namespaces(session),
        callback=f"{config.settings().public_url}/auth/oidc/callback",
        locked=tuple(sorted(present.locked)),
        mail=config.settings().mail_server,
        last_test=_last_test(session, actor),
    )


def _namespaces(session: Session) -> tuple[tuple[str, str], ...]:
    rows = session.exec(select(Namespace.slug, Namespace.name).order_by(Namespace.name))
    return tuple((slug, name) for slug, name in rows)


def _owners_of_logos(session: Session) -> tuple[str, ...]:
    rows = select(Logo.id, Namespace.name).join(Namespace, isouter=True)
    return tuple(name or "the installation" for _, name in session.exec(rows))


def _last_test(session: Session, actor: Actor) -> str:
    """What became of the last test mail to the actor."""
    letter = session.exec(
        select(Letter)
        .where(Letter.user_id == actor.user_id, Letter.occasion == Occasion.TEST)
        .order_by(col(Letter.id).desc())
        .limit(1)
    ).first()
    if letter is None:
        return ""
    if letter.sent_at:
        return f"The last test was taken by the mail server for {actor.email}."
    if letter.error:
        return f"The last test has failed: {letter.error}."
    return "The test is on its way."


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
