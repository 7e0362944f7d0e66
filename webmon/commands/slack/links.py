"""Link somebody in Slack to an account, by a code; and know a request that was done already."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete
from sqlmodel import Session, col, select

from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import snapshot
from webmon.domain.accounts.sessions import token_hash
from webmon.errors import Invalid, NotFound
from webmon.models import SlackCode, SlackDelivery, SlackPerson, User

LASTS = timedelta(minutes=15)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 10
REMEMBERED = timedelta(minutes=15)
"""Longer than a signature holds."""


def new_code(session: Session, user_id: int, *, now: datetime) -> str:
    """A code for this account, in place of any older one; it holds for a quarter of an hour.

    Raises:
        NotFound: there is no such account.
    """
    if session.get(User, user_id) is None:
        raise NotFound("this user does not exist")
    _forget_codes(session, user_id, now)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    session.add(SlackCode(code_hash=token_hash(code), user_id=user_id, expires_at=now + LASTS))
    session.flush()
    return f"{code[:5]}-{code[5:]}"


def link(session: Session, code: str, team_id: str, slack_id: str, *, now: datetime) -> str:
    """Use a code up: from now on this person in Slack is that account. Returns its address.

    Raises:
        Invalid: the code is wrong, used or too old.
    """
    typed = "".join(each for each in code.upper() if each.isalnum())
    used = session.execute(
        delete(SlackCode)
        .where(col(SlackCode.code_hash) == token_hash(typed), col(SlackCode.expires_at) > now)
        .returning(col(SlackCode.user_id))
    ).first()
    if used is None:
        raise Invalid("this code is wrong, was used, or is older than 15 minutes")
    person = SlackPerson(team_id=team_id, slack_id=slack_id, user_id=used[0], linked_at=now)
    session.merge(person)
    email = session.exec(select(User.email).where(User.id == used[0])).one()
    subject = snapshot(session, "user", used[0])
    write_entry(session, "linked in Slack", "user", subject, actor=None, by=email, now=now)
    return email


def is_new(session: Session, signature: str, *, now: datetime) -> bool:
    """Whether a request with this signature comes for the first time; remembers it."""
    session.execute(delete(SlackDelivery).where(col(SlackDelivery.at) < now - REMEMBERED))
    digest = sha256(signature.encode()).hexdigest()
    if session.get(SlackDelivery, digest) is not None:
        return False
    session.add(SlackDelivery(digest=digest, at=now))
    session.flush()
    return True


def _forget_codes(session: Session, user_id: int, now: datetime) -> None:
    over = (col(SlackCode.user_id) == user_id) | (col(SlackCode.expires_at) <= now)
    session.execute(delete(SlackCode).where(over))
