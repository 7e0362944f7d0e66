"""The `webmon` command. A foreseeable failure is one line on standard error, not a traceback.

Each command imports what it needs when it runs: the worker must not carry the web server.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from webmon import clock, config, crypto, db, logs
from webmon.domain.access import Role
from webmon.errors import FileError, Invalid, WebmonError
from webmon.queries.schema import is_current

WRONG_INPUT = 2
FAILED = 1
COULD_NOT_LOOK = 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Beaconry: watch your sites and machines, and show everyone how they are.",
)
user = typer.Typer(no_args_is_help=True, help="The people who may sign in.")
app.add_typer(user, name="user")


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """``command``, whose foreseeable failures are one line and an exit status."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except FileError as error:  # begins with FILE:line, as editors read it
            _say(str(error), WRONG_INPUT)
        except Invalid as error:
            _fail(str(error), WRONG_INPUT)
        except WebmonError as error:
            _fail(str(error), FAILED)
        except db.DatabaseError as error:
            _fail(_what_the_database_lacks(error), FAILED)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or error}", FAILED)

    return run


NOT_SET_UP = "the database is not set up for this version: run webmon migrate"


def _what_the_database_lacks(error: db.DatabaseError) -> str:
    with suppress(db.DatabaseError), db.read() as session:
        if not is_current(session):
            return NOT_SET_UP
    return f"the database cannot be used: {db.reason(error)}"


def _require_set_up() -> None:
    """Say at the start what would otherwise be an error at every tick."""
    crypto.vault()
    with db.read() as session:
        if not is_current(session):
            _fail(NOT_SET_UP, FAILED)


def _fail(message: str, status: int) -> NoReturn:
    _say(f"webmon: {message}", status)


def _say(message: str, status: int) -> NoReturn:
    """End with ``message`` on one line of standard error."""
    typer.echo(" ".join(message.split()), err=True)
    raise typer.Exit(status)


@app.command()
@plainly
def up() -> None:
    """Bring the database up to date, then run web and worker until Ctrl-C."""
    from webmon import frontend, proxies, supervisor
    from webmon.commands import accounts, first_start, schema
    from webmon.server import bind

    settings = config.settings()
    proxies.of_environment()
    logs.configure(settings, "up")
    bind(settings).close()  # a taken port is said now, not after the build
    crypto.vault()
    schema.migrate(db.current())
    frontend.build()
    with db.write() as session:
        own_page = f"http://{_own_address(settings.bind)}:{settings.port}/status/"
        first_start.watch_ourselves(session, own_page, now=clock.utcnow())
        token = accounts.new_setup_token(session)
    db.current().dispose()
    typer.echo(supervisor.welcome(settings.public_url, token))
    name = f"{socket.gethostname()}-up-{os.getpid()}"
    children = [
        supervisor.Child("web", ["web"]),
        supervisor.Child("worker", ["worker", "--name", name]),
    ]
    raise typer.Exit(supervisor.supervise(children))


def _own_address(bind: str) -> str:
    """Where this machine reaches a server that listens on ``bind``."""
    if bind in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind


@app.command()
@plainly
def web() -> None:
    """Serve the public page, the admin app and the API."""
    from webmon import frontend
    from webmon.server import serve

    settings = config.settings()
    logs.configure(settings, "web")
    _require_set_up()
    frontend.build()
    serve(settings)


@app.command()
@plainly
def worker(
    name: Annotated[
        str | None,
        typer.Option(help="A lasting name: takes over the checks of a worker that had it before."),
    ] = None,
) -> None:
    """Run the checks that are due, until stopped. Any number may share one PostgreSQL."""
    from workers import __main__ as worker_process

    logs.configure(config.settings(), "worker")
    _require_set_up()
    worker_process.run(name, successor_of=name)


@app.command()
@plainly
def build() -> None:
    """Build both front ends, as far as their sources have changed."""
    from webmon import frontend

    frontend.build()


@app.command()
@plainly
def migrate() -> None:
    """Bring the database to the current schema."""
    from webmon.commands import schema

    schema.migrate(db.current())
    typer.echo("the database is up to date")


@app.command()
@plainly
def compact() -> None:
    """Write the SQLite file anew, as small as it can be. Nothing else may run meanwhile."""
    from webmon.queries.health import worker_ticks

    database = db.current()
    if not database.is_sqlite:
        typer.echo("nothing to do: PostgreSQL uses again what was deleted")
        return
    with database.read() as session:
        if worker_ticks(session, now=clock.utcnow()):
            raise WebmonError("a worker is running: stop Beaconry first")
    database.compact()
    typer.echo("the database is as small as it can be")


@app.command()
@plainly
def apply(
    file: Annotated[Path, typer.Argument(help="The YAML file.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    prune: Annotated[bool, typer.Option(help="Delete what the file does not mention.")] = False,
) -> None:
    """Make the configuration match FILE, and print the difference."""
    from webmon.commands import config_file, schema

    schema.migrate(db.current())
    with db.write() as session:
        applied = config_file.apply_file(session, file, prune=prune, now=clock.utcnow())
        if dry_run:
            session.rollback()
    for line in applied.lines or ["nothing to change"]:
        typer.echo(line)
    if dry_run and applied.lines:
        typer.echo("(dry run: nothing was changed)")


@app.command()
@plainly
def export(
    with_secrets: Annotated[
        bool, typer.Option(help="Write stored secrets in the clear; keep such a file safe.")
    ] = False,
) -> None:
    """Print the configuration as the YAML that apply reads."""
    from webmon.commands import config_export

    with db.read() as session:
        text = config_export.export(session, with_secrets=with_secrets)
    typer.echo(text, nl=False)


@app.command()
@plainly
def check(
    host: Annotated[str, typer.Argument(help="The host's name.")],
    service: Annotated[str | None, typer.Argument(help="One of its services.")] = None,
) -> None:
    """Look now and print what was found; exit status 0 up, 1 difficulties, 2 down, 3 neither."""
    from webmon import proxies, reports
    from webmon.queries import definitions

    try:
        proxies.of_environment()
        with db.read() as session:
            found = definitions.services_of(session, host, service)
    except WebmonError as error:
        _fail(str(error), COULD_NOT_LOOK)
    except db.DatabaseError as error:
        _fail(_what_the_database_lacks(error), COULD_NOT_LOOK)
    statuses = asyncio.run(reports.look_at(found, typer.echo))
    raise typer.Exit(reports.exit_status(statuses))


@app.command()
@plainly
def status(
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As the API says it.")] = False,
) -> None:
    """Print what the public page shows."""
    from webmon import reports
    from webmon.queries import status_page

    with db.read() as session:
        view = status_page.public_status(session, now=clock.utcnow(), namespace=namespace)
    text = status_page.as_json(view, indent=2).decode() if as_json else reports.as_text(view)
    typer.echo(text)


@app.command()
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
    from webmon.commands import accounts, passwords, schema

    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    hashed = passwords.hash_password(password)
    schema.migrate(db.current())
    with db.write() as session:
        accounts.create_user(
            session, email, hashed, role, namespaces=tuple(namespace or ()), now=clock.utcnow()
        )
    typer.echo(f"{email} may sign in as {role.value}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise Invalid("there is no terminal to ask for it: use --password-stdin", "password")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def main() -> None:
    """The entry point; an interrupted command ends quietly."""
    os.umask(0o077)  # the database and the key are nobody else's business
    try:
        status = app(standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(WRONG_INPUT) from None
    except ClickException as error:
        message = error.format_message().replace("Value error, ", "")
        typer.echo(f"webmon: {message} (webmon --help tells more)", err=True)
        raise SystemExit(WRONG_INPUT) from None
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(130) from None
    raise SystemExit(status or 0)


if __name__ == "__main__":
    main()
