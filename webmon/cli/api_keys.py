"""The commands about the keys of programs."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly
from webmon.domain.accounts.api_keys import Scope
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid

apikey = typer.Typer(no_args_is_help=True, help="Keys with which programs use the API.")

Expires = Annotated[str | None, typer.Option(help="For how long it holds, such as 90d.")]


@apikey.command("add")
@plainly
def apikey_add(
    name: str,
    scope: Annotated[Scope, typer.Option(help="What the program may do.")],
    namespace: Annotated[
        list[str] | None, typer.Option(help="Only this namespace; may be given several times.")
    ] = None,
    expires: Expires = None,
) -> None:
    """Make a key and print it. It is not shown again."""
    from webmon.commands.accounts import api_keys

    bring_up_to_date()
    with db.write() as session:
        key = api_keys.add_key(
            session,
            name,
            scope,
            namespaces=tuple(namespace or ()),
            lasts=_length(expires, "expires"),
            actor=None,
            now=clock.utcnow(),
        )
    typer.echo(key)


@apikey.command("rotate")
@plainly
def apikey_rotate(
    name: str,
    overlap: Annotated[str, typer.Option(help="For how long the old key still holds.")] = "1d",
    expires: Expires = None,
) -> None:
    """Make another key of that name and print it; the current one holds for a while more."""
    from webmon.commands.accounts import api_keys

    with db.write() as session:
        key = api_keys.rotate_key(
            session,
            name,
            overlap=_length(overlap, "overlap") or timedelta(0),
            lasts=_length(expires, "expires"),
            actor=None,
            now=clock.utcnow(),
        )
    typer.echo(key)


@apikey.command("list")
@plainly
def apikey_list() -> None:
    """Print what keys there are; of each only the beginning."""
    from webmon.queries.api_keys import list_keys

    with db.read() as session:
        for key in list_keys(session, now=clock.utcnow()):
            spaces = "all namespaces" if key.namespaces is None else ", ".join(key.namespaces)
            expires = f", expires {_day(key.expires_at)}" if key.expires_at else ""
            used = f"last used {_day(key.last_used_at)}" if key.last_used_at else "never used"
            typer.echo(
                f"{key.name}: {key.beginning}…, {key.scope.value}, {spaces or 'no namespace'}, "
                f"{key.state}{expires}, {used}"
            )


@apikey.command("revoke")
@plainly
def apikey_revoke(name: str) -> None:
    """Take back every key of that name, at once."""
    from webmon.commands.accounts import api_keys

    with db.write() as session:
        count = api_keys.revoke_key(session, name, actor=None, now=clock.utcnow())
    typer.echo(f"{count} {'key' if count == 1 else 'keys'} revoked")


def _length(text: str | None, option: str) -> timedelta | None:
    try:
        return None if text is None else timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError) as error:
        raise Invalid(str(error), option) from None


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
