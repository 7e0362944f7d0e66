"""Who has a second factor, and who needs one."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from webmon.domain.accounts.access import Role
from webmon.models import RecoveryCode, SecondFactor, Setting, User

REQUIRED_OF = "second_factor_roles"
PROVIDER_COUNTS = "installation.provider_factor_counts"


def provider_factor_counts(session: Session) -> bool:
    """Whether who signs in by the identity provider is asked for no second factor here."""
    stored = session.get(Setting, PROVIDER_COUNTS)
    return stored is not None and stored.value == str(True)


def roles_with_required_factor(session: Session) -> frozenset[Role]:
    """The roles whose people need a second factor."""
    stored = session.get(Setting, REQUIRED_OF)
    return (
        frozenset(Role(each) for each in stored.value.split(",") if each) if stored else frozenset()
    )


def without_required_factor(session: Session, people: Sequence[User]) -> set[int]:
    """The ids of those of ``people`` who need a second factor and have none."""
    if not people:
        return set()
    roles = roles_with_required_factor(session)
    asked = {user.id for user in people if user.role in roles}
    if not asked:
        return set()
    have = select(SecondFactor.user_id).where(col(SecondFactor.user_id).in_(asked))
    return asked - set(session.exec(have).all())


def has_factor(session: Session, user_id: int) -> bool:
    """Whether a person signs in with a code as well."""
    return session.get(SecondFactor, user_id) is not None


def people_with_factor(session: Session) -> set[int]:
    """The ids of all who sign in with a code as well."""
    return set(session.exec(select(SecondFactor.user_id)).all())


def codes_left(session: Session, user_id: int) -> int:
    """How many of a person's recovery codes still work."""
    unused = select(func.count()).where(
        RecoveryCode.user_id == user_id, col(RecoveryCode.used_at).is_(None)
    )
    return session.scalar(unused) or 0
