"""The commands that take, look through and put back backups."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from webmon import clock, config, db
from webmon.cli.console import FAILED, plainly

if TYPE_CHECKING:
    from webmon.queries.system.backups import BackupView

commands = typer.Typer()
Backup = Annotated[Path, typer.Argument(help="A backup.")]


@commands.command()
@plainly
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; replaced if it is there.")],
    config_only: Annotated[
        bool, typer.Option("--config-only", help="Without results, incidents and messages.")
    ] = False,
) -> None:
    """Write a backup to FILE. Everything may go on meanwhile."""
    from webmon.commands.backup.take import take

    view = take(db.current(), file, config_only=config_only, now=clock.utcnow())
    typer.echo("\n".join(_described(file, view)))


@commands.command()
@plainly
def verify(file: Backup) -> None:
    """Say whether a backup is whole, what is in it, and whether its secrets can be read here."""
    from webmon.queries.system.backups import examine

    view = examine(file)
    typer.echo("\n".join(_described(file, view)))
    raise typer.Exit(0 if view.key_fits else FAILED)


@commands.command()
@plainly
def restore(
    file: Backup,
    without_key: Annotated[
        bool, typer.Option("--without-key", help="Even if its secrets cannot be read.")
    ] = False,
) -> None:
    """Put a backup in the place of the database, which is kept. Stop Beaconry first."""
    from webmon.commands.backup.restore import restore as put_back

    done = put_back(
        db.current(),
        file,
        data_dir=config.settings().data_dir,
        without_key=without_key,
        now=clock.utcnow(),
    )
    typer.echo("\n".join(_described(file, done.backup)))
    if done.kept is not None:
        typer.echo(f"  The former database is kept: {done.kept}")
    typer.echo(
        f"  Restored. Everybody signs in again; {done.suppressed} messages that waited are not "
        "sent; every service is looked at before anything is told."
    )


def _described(file: Path, view: "BackupView") -> Iterator[str]:
    taken = f", taken at {view.taken_at:%Y-%m-%d %H:%M} UTC" if view.taken_at else ""
    yield f"{file}: whole{taken}{', configuration only' if view.config_only else ''}"
    yield "  " + ", ".join(f"{count:,} {words}" for words, count in view.counts.items())
    if not view.is_current:
        yield f"  From an older version (schema {view.revision}): restore brings it up to date."
    if not view.secrets:
        yield "  There are no secrets in it."
        return
    settings = config.settings()
    key = "WEBMON_SECRET_KEY" if settings.secret_key else settings.data_dir / "secret.key"
    yield f"  {view.secrets:,} secrets are in it, encrypted. The key is not: keep it too ({key})."
    if not view.key_fits:
        yield "  The present key does not read them."
