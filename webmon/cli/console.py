"""How every command fails: a foreseeable failure is one line on standard error, no traceback."""

import getpass
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, NoReturn

import typer

from webmon import config, crypto, db, own_files
from webmon.errors import FileError, Invalid, WebmonError
from webmon.logs import printable
from webmon.origin import Way, coming
from webmon.queries.system.schema import fault

log = logging.getLogger(__name__)

WRONG_INPUT = 2
FAILED = 1
COULD_NOT_LOOK = 3


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """``command``, whose foreseeable failures are one line and an exit status."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with coming(Way.CLI, who=whose_shell()):
                return command(*args, **kwargs)
        except FileError as error:  # begins with FILE:line, as editors read it
            say(str(error), WRONG_INPUT)
        except Invalid as error:
            fail(str(error), WRONG_INPUT)
        except WebmonError as error:
            fail(str(error), FAILED)
        except db.DatabaseError as error:
            fail(what_the_database_lacks(error), FAILED)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            fail(f"{where}{error.strerror or error}", FAILED)
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            log.debug("a fault in the program", exc_info=error)
            fail(f"this cannot be done: {type(error).__name__}: {str(error)[:200]}", FAILED)

    return run


def whose_shell() -> str:
    """The user of this machine who runs the command."""
    try:
        return f"{getpass.getuser()} on this machine"
    except (OSError, KeyError):  # a container knows no name
        return "somebody on this machine"


def what_the_database_lacks(error: db.DatabaseError) -> str:
    with suppress(db.DatabaseError), db.read() as session:
        if wrong := fault(session):
            return wrong
    file = db.current().file
    if file is not None and not file.exists():
        return f"{db.reason(error)}: {NO_FILE}"
    return f"the database cannot be used: {db.reason(error)}"


NO_FILE = "run webmon migrate to make one, or check WEBMON_DATA_DIR"


def require_key() -> None:
    """Stop where the key of what is stored is gone, before another one is made in its place."""
    if crypto.has_key():
        return
    from webmon.queries.inventory import ssh_install

    with suppress(db.DatabaseError), db.read() as session:
        if ssh_install.holds_secrets(session):
            fail(NO_KEY.format(config.settings().data_dir / crypto.KEY_FILE), WRONG_INPUT)


NO_KEY = (
    "WEBMON_SECRET_KEY: the key file {} is missing, and the database holds what it has encrypted: "
    "put it back, or set this to its content"
)


def announce() -> None:
    """Log what this process works on, and what about its settings is probably a mistake."""
    if config.is_child():
        return  # `webmon up` has said it
    log.info(
        "the data are in %s, the database is %s", config.settings().data_dir, db.current().shown
    )
    for name, meant in config.unknown_names().items():
        log.warning("%s is no setting%s", name, f"; is {meant} meant?" if meant else "")
    for file, mode in own_files.readable_by_others():
        log.warning("%s can be read by others (mode %o): chmod 600 it", file, mode)


def bring_up_to_date() -> None:
    """Migrate; a new database is not made without a word, for it may be in the wrong place."""
    from webmon.commands import schema

    require_key()
    if schema.migrate(db.current()):
        typer.echo(f"A new database was made: {db.current().file}")


def require_set_up() -> None:
    """Say at the start what would otherwise be an error at every tick."""
    require_key()
    with db.read() as session:
        if wrong := fault(session):
            fail(wrong, FAILED)
    crypto.vault()  # not before the database could be asked: a key may be made here
    announce()


def fail(message: str, status: int) -> NoReturn:
    say(f"webmon: {message}", status)


def tell(text: str, colour: str | None = None) -> None:
    """Print lines that hold what comes from outside: a name, a file's content, an answer."""
    lines = map(printable, text.split("\n"))
    typer.echo(typer.style("\n".join(lines), fg=colour))


def say(message: str, status: int) -> NoReturn:
    """End with ``message`` on one line of standard error."""
    typer.echo(printable(" ".join(message.split())), err=True)
    raise typer.Exit(status)
