"""Passwords: which ones may be chosen, and how they are kept (argon2id by passlib).

Hashing is slow on purpose, so it is never done inside a transaction.
"""

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NewType

from webmon.errors import Invalid

if TYPE_CHECKING:
    from passlib.context import CryptContext

SHORTEST, SHORTEST_WITH_FACTOR, LONGEST = 15, 8, 1000

HashedPassword = NewType("HashedPassword", str)
"""What `hash_password` returns: only such a value can be stored."""

COMMON = Path(__file__).with_name("common_passwords.txt")
ENDS = "0123456789!?.,-_#*$ "


def fault(password: str, *, email: str = "", has_factor: bool = False) -> str:
    """Why this password may not be chosen: ``short``, ``long`` or ``common``; else empty.

    Nothing is asked of its letters, digits or signs: length counts, and that nobody guesses it.
    """
    if len(password) < (SHORTEST_WITH_FACTOR if has_factor else SHORTEST):
        return "short"
    if len(password) > LONGEST:
        return "long"
    return "common" if _is_common(password.casefold(), email) else ""


def hash_password(password: str, *, email: str = "", has_factor: bool = False) -> HashedPassword:
    """``password`` ready to be stored; takes about 40 ms.

    Raises:
        Invalid: it may not be chosen (field ``password``).
    """
    shortest = SHORTEST_WITH_FACTOR if has_factor else SHORTEST
    words = {
        "short": f"must have at least {shortest} characters",
        "long": f"must have at most {LONGEST} characters",
        "common": "is one that many people have: choose one that nobody guesses",
    }
    if wrong := fault(password, email=email, has_factor=has_factor):
        raise Invalid(words[wrong], "password")
    return HashedPassword(context().hash(password))


def password_fits(password: str, hashed: str | None) -> bool:
    """Whether ``password`` is the one behind ``hashed``; without one, False after the same time."""
    if len(password) > LONGEST:
        password = ""  # never a password; takes the same time as another wrong one
    fits: bool = context().verify(password, hashed or _decoy())
    return fits and hashed is not None


@cache
def context() -> "CryptContext":
    """What hashes passwords."""
    from passlib.context import CryptContext  # 1 MB that the worker has no use for

    return CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=19_456,  # KiB
        argon2__time_cost=3,
        argon2__parallelism=1,
    )


@cache
def _decoy() -> str:
    """A hash that nothing fits."""
    made: str = context().hash("\t no such account")
    return made


def _is_common(password: str, email: str) -> bool:
    """Whether it is on the list, also with signs around it or said twice; or is no secret."""
    core = password.strip(ENDS)
    tried = {password, core, _repeated(password), _repeated(core)}
    return bool(tried & _common()) or _is_simple(password) or bool(email and core == email)


def _repeated(text: str) -> str:
    """The part that ``text`` repeats; all of it where it repeats nothing."""
    length = (text + text).find(text, 1) if text else 0
    return text[:length]


def _is_simple(password: str) -> bool:
    """Whether it repeats a few characters, or counts: 123123…, abcdefg…, 987654…."""
    steps = {(ord(b) - ord(a)) % 10 for a, b in pairwise(password)}
    return len(_repeated(password)) <= min(8, len(password) // 2) or steps in ({1}, {9})


@cache
def _common() -> frozenset[str]:
    lines = COMMON.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))
