"""The command that moves here from another monitor."""

from pathlib import Path
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly, tell, whose_shell
from webmon.origin import Way, coming

commands = typer.Typer()
COLOURS = {"+": "green", "~": "yellow", "-": "red"}


@commands.command("import")
@plainly
def import_(
    source: Annotated[
        str, typer.Argument(help="kuma, gatus, uptimerobot or healthchecks.", metavar="SOURCE")
    ],
    file: Annotated[Path, typer.Argument(help="kuma.db, Gatus' YAML, a CSV or a JSON.")],
    namespace: Annotated[str, typer.Option(help="Where hosts are made; a slug.")] = "main",
    dry_run: Annotated[bool, typer.Option(help="Only say what would be made.")] = False,
) -> None:
    """Move here from another monitor; prints what was carried, changed and left out, and why."""
    from webmon.commands.moving.move import Source, move_here, read_source
    from webmon.errors import Invalid

    if source not in list(Source):
        raise Invalid(f"must be {', '.join(Source)}", "source")
    found = read_source(Source(source), file)
    bring_up_to_date()
    by_file = coming(Way.FILE, who=whose_shell())
    with by_file, db.patiently(), db.write() as session:
        moved = move_here(session, found, namespace=namespace, now=clock.utcnow())
        if dry_run:
            session.rollback()
    for line in moved.lines:
        tell(str(line), COLOURS.get(line.sign))
    typer.echo(moved.summary)
    if dry_run:
        typer.echo("(dry run: nothing was changed)")
