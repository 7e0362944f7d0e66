"""Whether the database has the schema that this code was written for.

Every process asks at its start. Alembic would know too, but every worker would carry it from then
on: 7 MB.
"""

from sqlalchemy import inspect
from sqlmodel import Session, text

from webmon.config import ROOT

MIGRATIONS = ROOT / "alembic" / "versions"


NEW = "the database is not set up yet"
OLDER = "the database is older than this program"
NEWER = "the database is newer than this program"


def fault(session: Session) -> str:
    """What is wrong with the schema, and what to do, in one line; empty where nothing is."""
    applied, newest = _applied(session), newest_revision()
    if applied == {newest}:
        return ""
    if not applied:
        return f"{NEW}: run webmon migrate"
    named = ", ".join(sorted(applied))
    if applied <= _known():
        return f"{OLDER} ({named} instead of {newest}): run webmon migrate"
    return (
        f"{NEWER} ({named} instead of {newest}): install the version that made it, or restore a "
        "backup from before"
    )


def is_current(session: Session) -> bool:
    """Whether all migrations were applied, and none that is not known here."""
    return fault(session) == ""


def is_newer(session: Session) -> bool:
    """Whether a migration was applied that is not known here."""
    return not _applied(session) <= _known()


def newest_revision() -> str:
    """The revision that the migrations lead to. Their files' names begin with their numbers."""
    return max(_known())


def _applied(session: Session) -> set[str]:
    if not inspect(session.connection()).has_table("alembic_version"):
        return set()
    return set(session.scalars(text("SELECT version_num FROM alembic_version")))


def _known() -> set[str]:
    return {file.name.partition("_")[0] for file in MIGRATIONS.glob("*.py")}
