"""What people change about themselves: how they are called, how the app looks, their sessions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from sqlmodel import Session, col, delete, select

from webmon.commands.accounts.users import DisplayName
from webmon.commands.validation import Fields, known_timezone, validated
from webmon.domain.access import Actor
from webmon.domain.sessions import shown_id
from webmon.errors import Invalid, NotFound
from webmon.models import LoginSession, User

OTHERS = "others"


def _timezone(name: str) -> str:
    return known_timezone(name) if name else ""


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
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> None:
    """Change the actor's own name, timezone and theme.

    Raises:
        Invalid: a field of `ProfileFields` is wrong.
    """
    wanted = validated(ProfileFields, fields)
    user = session.get_one(User, actor.user_id, with_for_update=True)
    user.name, user.timezone, user.theme = wanted.name, wanted.timezone, wanted.theme
    session.flush()


def end_session(
    session: Session,
    which: str,
    present: str,
    *,
    actor: Actor,
    now: datetime,  # noqa: ARG001 -- every command takes it
) -> None:
    """End the actor's session with this shown id, or all but the ``present`` one (`OTHERS`).

    ``present`` is the hash of the token of the session in which this is done.

    Raises:
        Invalid: it is the present one, which is ended by signing out.
        NotFound: the actor has no such session.
    """
    theirs = col(LoginSession.user_id) == actor.user_id
    if which == OTHERS:
        session.execute(delete(LoginSession).where(theirs, col(LoginSession.token_hash) != present))
        return
    if which == shown_id(present):
        raise Invalid("this is the session that you are using: sign out instead")
    hashes = session.exec(select(LoginSession.token_hash).where(theirs))
    found = next((each for each in hashes if shown_id(each) == which), None)
    if found is None:
        raise NotFound("this session has ended already")
    session.execute(delete(LoginSession).where(col(LoginSession.token_hash) == found))
