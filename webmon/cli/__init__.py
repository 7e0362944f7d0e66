"""The `webmon` command: one module per group of commands.

Each command imports what it needs when it runs: the worker must not carry the web server.
"""

import os
import signal
from typing import NoReturn

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from webmon import db
from webmon.cli import (
    accounts,
    activity,
    api_keys,
    backups,
    configuration,
    database,
    downtimes,
    looking,
    mcp,
    moving,
    processes,
)
from webmon.cli.console import WRONG_INPUT
from webmon.logs import printable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Beaconry: watch your sites and machines, and show everyone how they are.",
)
for group in (processes, database, backups, configuration, moving, looking, mcp):
    app.add_typer(group.commands)
app.add_typer(accounts.user, name="user")
app.add_typer(downtimes.downtime, name="downtime")
app.add_typer(activity.activity, name="activity")
app.add_typer(api_keys.apikey, name="apikey")


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """The entry point; an interrupted command ends quietly, and none leaves the database open."""
    os.umask(0o077)  # the database and the key are nobody else's business
    signal.signal(signal.SIGTERM, _end)
    try:
        status = app(standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(WRONG_INPUT) from None
    except ClickException as error:
        message = error.format_message().replace("Value error, ", "")
        typer.echo(f"webmon: {printable(message)} (webmon --help tells more)", err=True)
        raise SystemExit(WRONG_INPUT) from None
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(130) from None
    finally:
        db.close()
    raise SystemExit(status or 0)
