"""The command about what people did."""

from datetime import timedelta
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import plainly
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid

activity = typer.Typer(no_args_is_help=True, help="Who did what.")


@activity.command("export")
@plainly
def export(
    since: Annotated[str, typer.Option(help="Only what was done in this time, such as 30d.")] = "",
) -> None:
    """Print who did what, the oldest first, a line of JSON for each entry."""
    from webmon.queries.activity import export_lines

    try:
        first = clock.utcnow() - timedelta(seconds=parse_duration(since)) if since else None
    except (ValueError, OverflowError):
        raise Invalid("must be a length of time, such as 30d", "since") from None
    with db.patiently(), db.read() as session:
        for line in export_lines(session, since=first):
            typer.echo(line)


@activity.callback()
def about() -> None:
    """Who did what."""
