"""The commands that look: at services, at the public page, at this installation."""

import asyncio
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import COULD_NOT_LOOK, FAILED, fail, plainly, tell, what_the_database_lacks
from webmon.errors import WebmonError

commands = typer.Typer()


@commands.command()
@plainly
def check(
    host: Annotated[str, typer.Argument(help="The host's name.")],
    service: Annotated[str | None, typer.Argument(help="One of its services.")] = None,
) -> None:
    """Look now and print what was found; exit status 0 up, 1 difficulties, 2 down, 3 neither."""
    from webmon import proxies, reports
    from webmon.queries.inventory import definitions

    try:
        proxies.of_environment()
        with db.read() as session:
            found = definitions.services_of(session, host, service)
    except WebmonError as error:
        fail(str(error), COULD_NOT_LOOK)
    except db.DatabaseError as error:
        fail(what_the_database_lacks(error), COULD_NOT_LOOK)
    statuses = asyncio.run(reports.look_at(found, tell))
    raise typer.Exit(reports.exit_status(statuses))


@commands.command()
@plainly
def status(
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As the API says it.")] = False,
) -> None:
    """Print what the public page shows."""
    from webmon import reports
    from webmon.queries.public import snapshot

    with db.read() as session:
        view = snapshot.public_status(session, now=clock.utcnow(), namespace=namespace)
    if as_json:
        return typer.echo(snapshot.as_json(view, indent=2).decode())
    tell(reports.as_text(view))


@commands.command()
@plainly
def doctor() -> None:
    """Check this installation and say what to do; exit status 1 if something is wrong."""
    from webmon.doctor import examine

    wrong = False
    for diagnosis in examine():
        wrong = wrong or diagnosis.is_wrong
        mark = "✖" if diagnosis.is_wrong else "!" if diagnosis.is_hint else "✔"
        typer.echo(f"{mark} {diagnosis.name}: {diagnosis.finding}")
        if diagnosis.remedy:
            typer.echo(f"    → {diagnosis.remedy}")
    raise typer.Exit(FAILED if wrong else 0)
