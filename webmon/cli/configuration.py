"""The commands that read and write the configuration file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly, tell, whose_shell
from webmon.origin import Way, coming

commands = typer.Typer()
STEP = 20
COLOURS = {"+": "green", "~": "yellow", "-": "red"}


def _in_short(lines: list[str]) -> str:
    """How many things are added, changed and deleted."""
    signs = [line[:1] for line in lines]
    added, changed, deleted = (signs.count(sign) for sign in COLOURS)
    return f"{added} to add, {changed} to change, {deleted} to delete"


@contextmanager
def _counting() -> Iterator[Callable[[int, int], None]]:
    """Count a file's hosts on one line of a terminal, which is gone afterwards."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return

    def show(done: int, total: int) -> None:
        if done % STEP == 0 or done == total:
            typer.echo(f"\r{done} of {total} hosts", nl=False, err=True)

    try:
        yield show
    finally:
        typer.echo("\r\033[K", nl=False, err=True)


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
    with by_file, _counting() as progress, db.patiently(), db.write() as session:
        now = clock.utcnow()
        applied = apply_file(session, file, prune=prune, now=now, progress=progress)
        if dry_run:
            session.rollback()
    for line in applied.lines or ["nothing to change"]:
        tell(line, COLOURS.get(line[:1]))  # no colour but on a terminal
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
