"""The commands that run until they are stopped, and the build that they need."""

import os
import signal
import socket
import sys
from typing import Annotated

import typer

from webmon import clock, config, crypto, db, logs
from webmon.cli.console import plainly, require_set_up

commands = typer.Typer()


@commands.command()
@plainly
def up() -> None:
    """Bring the database up to date, then run web and worker until Ctrl-C."""
    from webmon import frontend, proxies, supervisor
    from webmon.commands import schema
    from webmon.commands.accounts import users
    from webmon.commands.inventory import first_start
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
        token = users.new_setup_token(session)
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


@commands.command()
@plainly
def web() -> None:
    """Serve the public page, the admin app and the API."""
    from webmon import frontend
    from webmon.server import serve

    # uvicorn sends itself the signal again when it has stopped, and then we still have to clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = config.settings()
    logs.configure(settings, "web")
    require_set_up()
    frontend.build()
    serve(settings)


@commands.command()
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
    require_set_up()
    worker_process.run(name, successor_of=name)


@commands.command()
@plainly
def build() -> None:
    """Build both front ends, as far as their sources have changed."""
    from webmon import frontend

    frontend.build()
