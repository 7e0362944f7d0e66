"""Another e-mail address of one's own: confirmed by a link that is mailed there, where mail works.

ask → the worker mails a link to the new address → confirm → the old address is told
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from webmon import config
from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.attempts import count_attempt, refuse_blocked
from webmon.commands.accounts.letters import post
from webmon.commands.accounts.snapshots import changes_between, snapshot
from webmon.commands.accounts.users import canonical_email, end_links, require_free
from webmon.domain.accounts.access import Actor, require_confirmed
from webmon.domain.accounts.sessions import token_hash
from webmon.domain.accounts.throttle import Subject
from webmon.errors import Invalid, NotFound
from webmon.models import AddressChange, Letter, User
from webmon.models.letters import Occasion

LASTS = timedelta(hours=24)
FREE_PER_PERSON = 5
NOT_VALID = "this link is not valid or has expired: ask for another one in your profile"


def ask_for_address(session: Session, email: str, *, actor: Actor, now: datetime) -> bool:
    """Give the actor another address, once they have opened the link that is mailed there.

    Where no mail can be sent, it counts at once. Whether somebody else has the address is said
    only then: nobody is to learn from the answer who has an account. Returns whether it counts.

    Raises:
        ConfirmationNeeded: the actor has to say again who they are.
        Invalid: it is no address, the current one, or (without mail) taken (``email``).
        Throttled: too many were asked for.
    """
    require_confirmed(actor, now=now)
    email = canonical_email(email)
    user = session.get_one(User, actor.user_id, with_for_update=True)
    if email == user.email:
        raise Invalid("this is your address already", "email")
    if not config.settings().has_mail:
        require_free(session, email, actor=actor)
        _move(session, user, email, actor=actor, now=now)
        return True
    subjects = [Subject(f"address:{user.id}", FREE_PER_PERSON)]
    refuse_blocked(session, subjects, is_patient=True, now=now)
    count_attempt(session, subjects, now=now)
    _forget(session, user.id)
    session.add(AddressChange(user_id=user.id, email=email, expires_at=now + LASTS))
    post(session, user.id, Occasion.ADDRESS, address=email, now=now)
    subject = snapshot(session, "user", user.id)
    write_entry(session, "asked for another address for", "user", subject, actor=actor, now=now)
    return False


def forget_asked(session: Session, *, actor: Actor, now: datetime) -> None:
    """Keep the present address: the link that was mailed opens nothing any more."""
    if session.get(AddressChange, actor.user_id) is None:
        return
    _forget(session, actor.user_id)
    subject = snapshot(session, "user", actor.user_id)
    write_entry(session, "kept the address of", "user", subject, actor=actor, now=now)


def address_asked(session: Session, token: str, *, now: datetime) -> str | None:
    """The new address that this link confirms; None where it opens nothing (any more)."""
    found = _asked(session, token, now=now)
    return found.email if found is not None else None


def confirm_address(session: Session, token: str, *, now: datetime) -> str:
    """Use the link up: its person has the new address from now on, which is returned.

    Raises:
        NotFound: the link is wrong, used or expired, or the person is deactivated.
        Invalid: somebody else has the address.
    """
    found = _asked(session, token, now=now)
    user = session.get(User, found.user_id, with_for_update=True) if found else None
    is_it = col(AddressChange.token_hash) == token_hash(token)
    email = session.scalar(delete(AddressChange).where(is_it).returning(col(AddressChange.email)))
    if user is None or email is None or user.disabled_at:
        raise NotFound(NOT_VALID)
    require_free(session, email, actor=None)  # its owner has opened the link
    before = user.email
    _move(session, user, email, actor=None, now=now)
    post(session, user.id, Occasion.MOVED, address=before, now=now)
    return str(email)


def _asked(session: Session, token: str, *, now: datetime) -> AddressChange | None:
    is_it = AddressChange.token_hash == token_hash(token)
    return session.exec(select(AddressChange).where(is_it, AddressChange.expires_at > now)).first()


def _move(session: Session, user: User, email: str, *, actor: Actor | None, now: datetime) -> None:
    before = snapshot(session, "user", user.id)
    earlier, user.email, user.revision = user.email, email, user.revision + 1
    end_links(session, user.id)  # they were mailed to the address before
    _forget(session, user.id)
    after = snapshot(session, "user", user.id)
    changes = changes_between(before, after)
    by = "" if actor else earlier
    write_entry(session, "changed", "user", after, before, changes, actor=actor, by=by, now=now)


def _forget(session: Session, user_id: int) -> None:
    asked = session.get(AddressChange, user_id)
    if asked is not None:
        session.delete(asked)
        session.flush()
    waits = col(Letter.ready_at).is_not(None)
    is_asked = col(Letter.occasion) == Occasion.ADDRESS
    session.execute(delete(Letter).where(col(Letter.user_id) == user_id, is_asked, waits))
