"""What people change about themselves: how they are called, how the app looks, their sessions."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from sqlmodel import Session, col, delete, select

from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import changes_between, snapshot
from webmon.commands.accounts.users import DisplayName
from webmon.commands.validation import Fields, validated
from webmon.domain.accounts.access import Actor
from webmon.domain.accounts.sessions import shown_id
from webmon.domain.notifications.mails import MailKind
from webmon.domain.timezones import read_timezone
from webmon.errors import Invalid, NotFound
from webmon.models import LoginSession, User

OTHERS = "others"


def _timezone(name: str) -> str:
    return read_timezone(name) if name else ""


class ProfileFields(Fields):
    """What people say about themselves. An empty timezone is the browser's, an empty theme the
    system's."""

    name: DisplayName = ""
    timezone: Annotated[str, AfterValidator(_timezone)] = ""
    theme: Literal["", "light", "dark"] = ""


def update_profile(
    session: Session,
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change the actor's own name, timezone and theme.

    Raises:
        Invalid: a field of `ProfileFields` is wrong.
    """
    wanted = validated(ProfileFields, fields)
    user = session.get_one(User, actor.user_id, with_for_update=True)
    before = snapshot(session, "user", user.id)
    user.name, user.timezone, user.theme = wanted.name, wanted.timezone, wanted.theme
    after = snapshot(session, "user", user.id)
    if changes := changes_between(before, after):
        write_entry(session, "changed", "user", after, before, changes, actor=actor, now=now)


def choose_mails(session: Session, wanted: Collection[str], *, actor: Actor, now: datetime) -> None:
    """Let the actor get these of the built-in e-mails (`MailKind`), and do without the others.

    Raises:
        Invalid: there is no such kind (``mails``).
    """
    if unknown := set(wanted) - set(MailKind):
        raise Invalid(f"there is no kind {min(unknown)[:40]}", "mails")
    user = session.get_one(User, actor.user_id, with_for_update=True)
    before = snapshot(session, "user", user.id)
    user.unwanted_mails = [kind.value for kind in MailKind if kind not in wanted]
    after = snapshot(session, "user", user.id)
    if changes := changes_between(before, after):
        write_entry(session, "changed", "user", after, before, changes, actor=actor, now=now)


def end_session(
    session: Session,
    which: str,
    present: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """End the actor's session with this shown id, or all but the ``present`` one (`OTHERS`).

    ``present`` is the hash of the token of the session in which this is done.

    Raises:
        Invalid: it is the current one, which is ended by signing out.
        NotFound: the actor has no such session.
    """
    theirs = col(LoginSession.user_id) == actor.user_id
    subject = snapshot(session, "user", actor.user_id)
    if which == OTHERS:
        session.execute(delete(LoginSession).where(theirs, col(LoginSession.token_hash) != present))
        write_entry(session, "ended all other sessions of", "user", subject, actor=actor, now=now)
        return
    if which == shown_id(present):
        raise Invalid("this is the session that you are using: sign out instead")
    hashes = session.exec(select(LoginSession.token_hash).where(theirs))
    found = next((each for each in hashes if shown_id(each) == which), None)
    if found is None:
        raise NotFound("this session has ended already")
    session.execute(delete(LoginSession).where(col(LoginSession.token_hash) == found))
    write_entry(session, "ended a session of", "user", subject, actor=actor, now=now)
