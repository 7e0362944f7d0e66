"""How every command fails: a foreseeable failure is one line on standard error, no traceback."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, NoReturn

import typer

from webmon import crypto, db
from webmon.errors import FileError, Invalid, WebmonError
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


def what_the_database_lacks(error: db.DatabaseError) -> str:
    with suppress(db.DatabaseError), db.read() as session:
        if wrong := fault(session):
            return wrong
    return f"the database cannot be used: {db.reason(error)}"


def require_set_up() -> None:
    """Say at the start what would otherwise be an error at every tick."""
    crypto.vault()
    with db.read() as session:
        if wrong := fault(session):
            fail(wrong, FAILED)


def fail(message: str, status: int) -> NoReturn:
    say(f"webmon: {message}", status)


def say(message: str, status: int) -> NoReturn:
    """End with ``message`` on one line of standard error."""
    typer.echo(" ".join(message.split()), err=True)
    raise typer.Exit(status)
