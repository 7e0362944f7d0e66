"""What people see of themselves: their profile, and where they are signed in."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from webmon import config
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.browsers import in_words
from webmon.domain.accounts.sessions import shown_id
from webmon.domain.colours import accent_css
from webmon.domain.notifications.mails import MailKind
from webmon.models import AddressChange, Letter, LoginSession, User
from webmon.models.letters import Occasion
from webmon.queries.installation import installation
from webmon.queries.second_factors import codes_left, has_factor

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser that is signed in; ``id`` names it, and is nothing to sign in with."""

    id: str
    device: str
    address: str
    used_at: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class ProfileView:
    """The page."""

    who: str = ""
    email: str = ""
    name: str = ""
    timezone: str = ""
    theme: str = ""
    asked_email: str = ""
    """The address that the person wants, and has not confirmed yet."""
    asked_note: str = ""
    """Why the mail to it was not sent; empty where it was, or is on its way."""
    has_mail: bool = False
    has_password: bool = True
    """False for who signs in by the identity provider alone."""
    mails: tuple[str, ...] = ()
    """The kinds of built-in e-mail (`MailKind`) that the person gets."""
    has_factor: bool = False
    codes_left: int = 0
    sessions: tuple[SessionView, ...] = ()


@dataclass(frozen=True, slots=True)
class LookView:
    """How the app looks to a person."""

    name: str = ""
    timezone: str = ""
    theme: str = ""
    has_factor: bool = False
    site_name: str = ""
    css: str = ""
    """Rules for the accent colour."""
    by_provider: bool = False
    """Whether the person has no password, and proves who they are at the identity provider."""


def own_profile(session: Session, present: str, *, actor: Actor, now: datetime) -> ProfileView:
    """The actor's profile; ``present`` is the hash of the token of the session that asks."""
    user = session.get_one(User, actor.user_id)
    rows = session.exec(
        select(LoginSession)
        .where(LoginSession.user_id == user.id, LoginSession.expires_at > now)
        .order_by(col(LoginSession.used_at).desc())
        .limit(MOST_SHOWN)
    )
    sessions = [_session(row, present) for row in rows]
    return ProfileView(
        who=f"{actor.email} · {actor.role.value}",
        email=user.email,
        name=user.name,
        timezone=user.timezone,
        theme=user.theme,
        mails=tuple(kind.value for kind in MailKind if kind not in user.unwanted_mails),
        has_mail=config.settings().has_mail,
        has_password=bool(user.password_hash),
        **_asked(session, user.id, now=now),
        has_factor=has_factor(session, user.id),
        codes_left=codes_left(session, user.id),
        sessions=tuple(sorted(sessions, key=lambda each: not each.is_present)),
    )


def _asked(session: Session, user_id: int, *, now: datetime) -> dict[str, str]:
    wanted = session.get(AddressChange, user_id)
    if wanted is None or wanted.expires_at <= now:
        return {}
    letter = session.exec(
        select(Letter)
        .where(Letter.user_id == user_id, Letter.occasion == Occasion.ADDRESS)
        .order_by(col(Letter.id).desc())
        .limit(1)
    ).first()
    return {"asked_email": wanted.email, "asked_note": letter.error if letter else ""}


def _session(row: LoginSession, present: str) -> SessionView:
    return SessionView(
        id=shown_id(row.token_hash),
        device=in_words(row.browser),
        address=row.address or "an unknown address",
        used_at=(row.used_at or row.created_at).isoformat(),
        is_present=row.token_hash == present,
    )


def own_look(session: Session, *, actor: Actor) -> LookView:
    """What the frame of every page needs to know of the actor."""
    user = session.get_one(User, actor.user_id)
    site = installation(session)
    return LookView(
        user.name,
        user.timezone,
        user.theme,
        has_factor(session, user.id),
        site.site_name,
        accent_css(site.accent),
        by_provider=bool(user.provider_subject and not user.password_hash),
    )
