"""The commands about the database as a whole."""

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly
from webmon.errors import WebmonError

commands = typer.Typer()


@commands.command()
@plainly
def migrate() -> None:
    """Bring the database to the current schema."""

    bring_up_to_date()
    typer.echo("the database is up to date")


@commands.command()
@plainly
def compact() -> None:
    """Rewrite the SQLite file as small as possible. Nothing else may run in the meantime."""
    from webmon.queries.system.health import worker_ticks

    database = db.current()
    if not database.is_sqlite:
        typer.echo("nothing to do: PostgreSQL uses again what was deleted")
        return
    with database.read() as session:
        if worker_ticks(session, now=clock.utcnow()):
            raise WebmonError("a worker is running: stop Beaconry first")
    database.compact()
    typer.echo("the database is as small as it can be")
