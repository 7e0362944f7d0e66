"""The commands about the people who may sign in."""

import sys
from typing import Annotated, Any

import typer

from webmon import clock, config, db
from webmon.cli.console import bring_up_to_date, plainly
from webmon.domain.accounts.access import Role
from webmon.errors import Invalid

user = typer.Typer(no_args_is_help=True, help="The people who may sign in.")

Namespaces = Annotated[
    list[str] | None,
    typer.Option("--namespace", help="Only this namespace; may be given several times."),
]
WhichRole = Annotated[Role, typer.Option("--role", help="What the person may do.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@user.command("add")
@plainly
def user_add(
    email: str, role: WhichRole, namespace: Namespaces = None, password_stdin: FromStdin = False
) -> None:
    """Add a person who may sign in."""
    from webmon.commands.accounts import passwords, users

    password = _read_password() if password_stdin else _ask_password()
    hashed = passwords.hash_password(password)
    bring_up_to_date()
    with db.write() as session:
        users.create_user(
            session, email, hashed, role, namespaces=tuple(namespace or ()), now=clock.utcnow()
        )
    typer.echo(f"{email} may sign in as {role.value}")


@user.command("invite")
@plainly
def user_invite(
    email: str,
    role: WhichRole,
    namespace: Namespaces = None,
    mail: Annotated[bool, typer.Option("--mail", help="Mail the link instead.")] = False,
) -> None:
    """Add a person, and print the link with which they choose their password."""
    from webmon.commands.accounts import letters, password_links, users

    bring_up_to_date()
    now = clock.utcnow()
    fields = {"email": email, "role": role, "namespaces": namespace or None}
    with db.write() as session:
        account = users.invite_user(session, fields, actor=None, now=now)
        make = letters.send_invitation if mail else password_links.new_link
        made = make(session, account.id, actor=None, now=now)
    if mail:
        typer.echo(f"the worker mails a link to {made}")
    else:
        _print_link(made)


@user.command("list")
@plainly
def user_list() -> None:
    """List the people: address, role, namespaces, and how their account is."""
    from webmon.queries import accounts

    with db.read() as session:
        found = accounts.list_users(session, now=clock.utcnow())
    for each in found:
        where = ", ".join(each.namespaces) or ("no namespace" if each.limited else "all namespaces")
        seen = each.last_seen_at[:16].replace("T", " ")
        last = f", seen {seen} UTC" if seen else ", never signed in"
        name = f" ({each.name})" if each.name else ""
        typer.echo(f"{each.email}{name}: {each.role.value}, {where}, {each.state}{last}")


@user.command("slack-code")
@plainly
def user_slack_code(email: str) -> None:
    """Print a code with which the person links themselves in Slack: /webmon link CODE."""
    from webmon.commands.accounts import users
    from webmon.commands.slack import links

    with db.write() as session:
        key = users.id_of(session, email)
        typer.echo(links.new_code(session, key, now=clock.utcnow()))


@user.command("disable")
@plainly
def user_disable(email: str) -> None:
    """Shut a person out, at once: every session ends."""
    from webmon.commands.accounts import users

    _change(users.disable_user, email)
    typer.echo(f"{email} is deactivated and signed out")


@user.command("enable")
@plainly
def user_enable(email: str) -> None:
    """Let a person in again who was deactivated."""
    from webmon.commands.accounts import users

    _change(users.enable_user, email)
    typer.echo(f"{email} may sign in again")


@user.command("delete")
@plainly
def user_delete(email: str) -> None:
    """Delete a person."""
    from webmon.commands.accounts import users

    _change(users.delete_user, email)
    typer.echo(f"{email} is deleted")


@user.command("reset-password")
@plainly
def user_reset_password(email: str, password_stdin: FromStdin = False) -> None:
    """End a person's password and sessions, and print a link for a new one."""
    from webmon.commands.accounts import password_links, passwords, users

    if password_stdin:
        _change(users.set_password, email, passwords.hash_password(_read_password()))
        typer.echo(f"{email} has a new password")
    else:
        _print_link(_change(password_links.reset_password, email))


def _change(command: Any, email: str, *arguments: Any) -> Any:
    """Do ``command(session, user_id, …)`` to the person with this address."""
    from webmon.commands.accounts import users

    with db.write() as session:
        user_id = users.id_of(session, email)
        return command(session, user_id, *arguments, actor=None, now=clock.utcnow())


def _print_link(token: str) -> None:
    typer.echo("Give this link to that person alone. It works once, for 72 hours:")
    typer.echo(f"{config.settings().public_url}/invite/?token={token}")


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\n")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise Invalid("there is no terminal to ask for it: use --password-stdin", "password")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
