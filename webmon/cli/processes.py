"""The commands that run until they are stopped, and the build that they need."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.request import ProxyHandler, build_opener

import typer

from webmon import clock, config, crypto, db, logs
from webmon.cli.console import announce, bring_up_to_date, plainly, require_set_up
from webmon.origin import Way, coming

commands = typer.Typer()
log = logging.getLogger(__name__)


@commands.command()
@plainly
def up() -> None:
    """Bring the database up to date, then run web and worker until Ctrl-C."""
    from webmon import frontend, proxies, supervisor
    from webmon.server import bind

    settings = config.settings()
    proxies.of_environment()
    logs.configure(settings, "up")
    _outlive_the_terminal()
    bind(settings).close()  # a taken port is said now, not after the build
    bring_up_to_date()
    crypto.vault()
    announce()
    db.current().dispose()
    name = f"{socket.gethostname()}-up-{os.getpid()}"
    worker = supervisor.Child("worker", ["worker", "--name", name])
    web = supervisor.Child("web", ["web"])
    if all(map(frontend.is_current, frontend.SITES)):
        _welcome()
        raise typer.Exit(supervisor.supervise([worker, web]))
    typer.echo("Checks and messages begin now. The pages are built first:")
    web.waits = True

    def after_build(went_well: bool) -> None:
        if went_well:
            web.arguments, web.waits = ["web"], False
            if web.process is not None:  # it serves the pages of before
                web.process.terminate()
            _welcome()
        elif all(map(frontend.is_there, frontend.SITES)):
            typer.echo("Until then the pages are served as they were built before.")
            web.arguments, web.waits = ["web", "--no-build"], False

    build = supervisor.Child("build", ["build"], then=after_build)
    raise typer.Exit(supervisor.supervise([worker, build, web]))


def _welcome() -> None:
    """Say where the pages are, now that there are some. A new installation watches its own."""
    from webmon import supervisor
    from webmon.commands.accounts import users
    from webmon.commands.inventory import first_start

    settings = config.settings()
    own = f"http://{_own_address(settings.bind)}:{settings.port}"
    token = None
    try:
        with coming(Way.MONITOR), db.write() as session:
            watched = first_start.watch_ourselves(session, f"{own}/status/", now=clock.utcnow())
            token = users.new_setup_token(session)
    except db.DatabaseError as error:  # the worker goes on, and so do we
        log.error("the database cannot be used: %s", db.reason(error))
    else:
        if watched is not None:
            follow = threading.Thread(target=_look_once_served, args=[own, watched], daemon=True)
            follow.start()
    db.current().dispose()
    typer.echo(supervisor.welcome(settings.public_url, token))


def _look_once_served(own: str, service_id: int) -> None:
    """Have the new installation's own page checked as soon as it is served."""
    from webmon.commands.inventory import first_start

    direct = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + first_start.PATIENCE.total_seconds()
    while time.monotonic() < deadline:
        with suppress(OSError), direct.open(f"{own}/healthz", timeout=5):
            with suppress(db.DatabaseError), db.write() as session:
                first_start.look_now(session, service_id, now=clock.utcnow())
            db.current().dispose()
            return
        time.sleep(0.2)


def _outlive_the_terminal() -> None:
    """What closes when somebody leaves is no reason to stop watching; SIGTERM is."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _own_address(bind: str) -> str:
    """Where this machine reaches a server that listens on ``bind``."""
    if bind in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind


@commands.command()
@plainly
def web(
    no_build: Annotated[
        bool,
        typer.Option(
            "--no-build", help="Serve what was built last, even if the sources changed since."
        ),
    ] = False,
) -> None:
    """Serve the public page, the admin app and the API."""
    from webmon import frontend
    from webmon.server import serve

    # uvicorn sends itself the signal again when it has stopped, and then we still have to clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = config.settings()
    logs.configure(settings, "web")
    _outlive_the_terminal()
    require_set_up()
    if not no_build:
        frontend.build()
    with coming(Way.MONITOR):
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
    from webmon import proxies
    from workers import __main__ as worker_process

    logs.configure(config.settings(), "worker")
    _outlive_the_terminal()
    proxies.of_environment()  # one that cannot be used is said now, not at every check
    require_set_up()
    with coming(Way.MONITOR):
        worker_process.run(name, successor_of=name)


@commands.command()
@plainly
def build() -> None:
    """Build both front ends, as far as their sources have changed. What is served goes on."""
    from webmon import frontend

    with suppress(OSError):  # where memory is short, the build ends and not the monitor
        Path("/proc/self/oom_score_adj").write_text("500")
    frontend.build()
