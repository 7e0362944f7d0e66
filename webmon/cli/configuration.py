"""The commands that read and write the configuration file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly, whose_shell
from webmon.origin import Way, coming

commands = typer.Typer()
COLOURS = {"+": "green", "~": "yellow", "-": "red"}


def _in_short(lines: list[str]) -> str:
    """How many things are added, changed and deleted."""
    signs = [line[:1] for line in lines]
    added, changed, deleted = (signs.count(sign) for sign in COLOURS)
    return f"{added} to add, {changed} to change, {deleted} to delete"


@commands.command()
@plainly
def apply(
    file: Annotated[Path, typer.Argument(help="The YAML file.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    prune: Annotated[bool, typer.Option(help="Delete what the file does not mention.")] = False,
) -> None:
    """Make the configuration match FILE, and print the difference."""
    from webmon.commands.config_file.apply import apply_file

    bring_up_to_date()
    by_file = coming(Way.FILE, who=whose_shell())
    with by_file, db.patiently(), db.write() as session:
        applied = apply_file(session, file, prune=prune, now=clock.utcnow())
        if dry_run:
            session.rollback()
    for line in applied.lines or ["nothing to change"]:
        typer.echo(typer.style(line, fg=COLOURS.get(line[:1])))  # no colour but on a terminal
    if applied.lines and sys.stdout.isatty():
        typer.echo(_in_short(applied.lines))
    if dry_run and applied.lines:
        typer.echo("(dry run: nothing was changed)")


@commands.command()
@plainly
def export(
    with_secrets: Annotated[
        bool, typer.Option(help="Write stored secrets in the clear; keep such a file safe.")
    ] = False,
) -> None:
    """Print the configuration as the YAML that apply reads."""
    from webmon.commands.config_file import export as config_export

    with db.patiently(), db.read() as session:
        text = config_export.export(session, with_secrets=with_secrets)
    typer.echo(text, nl=False)
