"""Letters: mail to one person. The web process asks for them, the worker sends them.

ask → claim → write (a link is made) → the worker hands it over → note
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, delete, select

from webmon import config
from webmon.commands.accounts.activity import noted, write_entry
from webmon.commands.accounts.attempts import count_attempt, refuse_blocked
from webmon.commands.accounts.password_links import LASTS, send_link
from webmon.commands.accounts.snapshots import snapshot
from webmon.commands.accounts.users import canonical_email, end_links, find_user
from webmon.domain.accounts.access import Actor, Role, require, require_confirmed
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.accounts.throttle import Subject, address_subject
from webmon.domain.notifications.backoff import retry_delay_seconds
from webmon.errors import Invalid, Throttled
from webmon.models import AddressChange, Letter, User
from webmon.models.letters import Occasion

GIVEN_UP_AFTER = timedelta(hours=1)
KEPT = timedelta(days=7)
LEASE = timedelta(minutes=2)
"""Longer than a mail server can take."""
FREE_PER_ADDRESS, FREE_PER_PERSON = 10, 3
AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class DueLetter:
    """What the worker sends: the recipient, the occasion, the token of the link in it, and the
    person's present address."""

    id: int
    email: str
    occasion: Occasion
    token: str
    account: str


def count_request(session: Session, address: str, *, now: datetime) -> None:
    """Count that a link was asked for from this address, for anybody.

    Raises:
        Throttled: that was done too often.
    """
    subjects = [Subject(f"forgotten:{address_subject(address)}", FREE_PER_ADDRESS)]
    refuse_blocked(session, subjects, is_patient=True, now=now)
    count_attempt(session, subjects, now=now)


def ask_for_link(session: Session, email: str, *, now: datetime) -> None:
    """Have a link for a new password sent to this address, if it is somebody's.

    Nothing says whether it is. One person gets a few in a row, and then has to wait.
    """
    session.execute(delete(Letter).where(col(Letter.created_at) < now - KEPT))
    try:
        email = canonical_email(email)
    except Invalid:
        return
    subjects = [Subject(f"forgotten:{sha256(email.encode()).hexdigest()[:32]}", FREE_PER_PERSON)]
    try:
        refuse_blocked(session, subjects, is_patient=True, now=now)
        count_attempt(session, subjects, now=now)
    except Throttled:
        return
    user = session.exec(select(User).where(User.email == email)).first()
    if user is not None and not user.disabled_at and not user.invited:
        post(session, user.id, Occasion.PASSWORD, now=now)
        subject = snapshot(session, "user", user.id)
        verb = "asked for a new password for"
        write_entry(session, verb, "user", subject, actor=None, by="somebody", now=now)


@noted("user", "sent a test mail to", always=True)
def ask_for_test(session: Session, *, actor: Actor, now: datetime) -> int:
    """Have a letter sent to the actor, to see whether mail arrives; returns the actor's id.

    Raises:
        PermissionDenied: the actor is no admin.
    """
    require(actor, Role.ADMIN)
    post(session, actor.user_id, Occasion.TEST, now=now)
    return actor.user_id


@noted("user", "sent an invitation to", always=True)
def send_invitation(session: Session, user_id: int, *, actor: Actor | None, now: datetime) -> str:
    """Have a link mailed to somebody who was invited; returns their address. Older links end.

    Raises:
        Invalid: no mail server is set, or the person is deactivated or has a password already.
        NotFound, PermissionDenied.
    """
    require_confirmed(actor, now=now)
    user = find_user(session, user_id, actor=actor, lock=True)
    if not config.settings().has_mail:
        raise Invalid("no mail server is set: make a link instead")
    if user.disabled_at or not user.invited:
        raise Invalid("this person does not wait for an invitation")
    end_links(session, user.id)
    post(session, user.id, Occasion.INVITATION, now=now)
    return user.email


def post(
    session: Session, user_id: int, occasion: Occasion, *, address: str = "", now: datetime
) -> None:
    """Have the worker write to this person, or to another ``address`` about them."""
    session.add(
        Letter(user_id=user_id, occasion=occasion, address=address, created_at=now, ready_at=now)
    )
    session.flush()


def is_due(now: Any) -> Any:
    """Letters that are to be sent by then."""
    return col(Letter.ready_at) <= now


def claim_letters(session: Session, *, now: datetime) -> list[int]:
    """The ids of letters that are due, which are this worker's to send for a while."""
    rows = session.exec(
        select(Letter)
        .where(is_due(now))
        .order_by(col(Letter.ready_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.ready_at, row.attempts = now + LEASE, row.attempts + 1
        if row.created_at < now - GIVEN_UP_AFTER:
            row.ready_at = None
    session.flush()
    return [row.id for row in rows if row.ready_at is not None]


def write_letter(session: Session, letter_id: int, *, now: datetime) -> DueLetter | None:
    """The letter as it is sent now, with a new link; None where it has no purpose any more.

    The person is locked first, as everywhere.
    """
    owner = session.scalar(select(Letter.user_id).where(Letter.id == letter_id))
    user = session.get(User, owner, with_for_update=True) if owner else None
    row = session.get(Letter, letter_id, with_for_update=True)
    if row is None or user is None:
        return None
    token = None if user.disabled_at else _new_token(session, user, row.occasion, now=now)
    if token is None:
        row.ready_at = None
        return None
    return DueLetter(row.id, row.address or user.email, row.occasion, token, user.email)


def _new_token(session: Session, user: User, occasion: Occasion, *, now: datetime) -> str | None:
    """The token of the link in a letter; empty where it has none, None where there is no more
    reason to write."""
    match occasion:
        case Occasion.PASSWORD:
            return send_link(session, user, now=now)
        case Occasion.INVITATION:
            return send_link(session, user, lasts=LASTS, now=now) if user.invited else None
        case Occasion.ADDRESS:
            wanted = session.get(AddressChange, user.id)
            if wanted is None or wanted.expires_at <= now:
                return None
            token = secrets.token_urlsafe(32)
            wanted.token_hash = token_hash(token)
            return token
    return ""


def note_sent(
    session: Session, letter_id: int, error: str, *, is_final: bool = False, now: datetime
) -> None:
    """Note that a letter was sent (``error`` empty), is tried again, or is not (``is_final``)."""
    row = session.get(Letter, letter_id, with_for_update=True)
    if row is None:
        return
    row.error = error[:300]
    if not error:
        row.sent_at, row.ready_at = now, None
    elif is_final:
        row.ready_at = None
    else:
        row.ready_at = now + timedelta(seconds=retry_delay_seconds(row.attempts, jitter=0.5))
    session.flush()
