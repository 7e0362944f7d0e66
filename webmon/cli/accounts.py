"""The commands about the people who may sign in."""

import sys
from typing import Annotated

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly
from webmon.domain.access import Role
from webmon.errors import Invalid

user = typer.Typer(no_args_is_help=True, help="The people who may sign in.")


@user.command("add")
@plainly
def user_add(
    email: str,
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    namespace: Annotated[
        list[str] | None, typer.Option(help="Only this namespace; may be given several times.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input.")
    ] = False,
) -> None:
    """Add a person who may sign in."""
    from webmon.commands.accounts import passwords, users

    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    hashed = passwords.hash_password(password)
    bring_up_to_date()
    with db.write() as session:
        users.create_user(
            session, email, hashed, role, namespaces=tuple(namespace or ()), now=clock.utcnow()
        )
    typer.echo(f"{email} may sign in as {role.value}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise Invalid("there is no terminal to ask for it: use --password-stdin", "password")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
