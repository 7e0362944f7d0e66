"""Passwords: argon2id by passlib. Slow on purpose, so never inside a transaction."""

from functools import cache
from typing import NewType

from passlib.context import CryptContext

from webmon.errors import Invalid

SHORTEST, LONGEST = 10, 1000

HashedPassword = NewType("HashedPassword", str)
"""What `hash_password` returns: only such a value can be stored."""

CONTEXT = CryptContext(
    schemes=["argon2"],
    argon2__type="ID",
    argon2__memory_cost=19_456,  # KiB
    argon2__time_cost=3,
    argon2__parallelism=1,
)


def hash_password(password: str) -> HashedPassword:
    """``password`` ready to be stored; takes about 40 ms.

    Raises:
        Invalid: it is too short or too long (field ``password``).
    """
    if len(password) < SHORTEST:
        raise Invalid(f"must have at least {SHORTEST} characters", "password")
    if len(password) > LONGEST:
        raise Invalid(f"must have at most {LONGEST} characters", "password")
    return HashedPassword(CONTEXT.hash(password))


def password_fits(password: str, hashed: str | None) -> bool:
    """Whether ``password`` is the one behind ``hashed``; without one, False after the same time."""
    if len(password) > LONGEST:
        password = ""  # never a password; takes the same time as another wrong one
    fits: bool = CONTEXT.verify(password, hashed or _decoy())
    return fits and hashed is not None


@cache
def _decoy() -> str:
    """A hash that nothing fits."""
    made: str = CONTEXT.hash("\t no such account")
    return made
