"""Whether the database has the schema that this code was written for.

Every process asks at its start. Alembic would know too, but every worker would carry it from then
on: 7 MB.
"""

from sqlalchemy import inspect
from sqlmodel import Session, text

from webmon.config import ROOT

MIGRATIONS = ROOT / "alembic" / "versions"


def is_current(session: Session) -> bool:
    """Whether all migrations were applied, and none that is not known here."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return False
    applied = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    return list(applied) == [newest_revision()]


def newest_revision() -> str:
    """The revision that the migrations lead to. Their files' names begin with their numbers."""
    return max(file.name for file in MIGRATIONS.glob("*.py")).partition("_")[0]
