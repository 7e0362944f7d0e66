"""The command that serves assistants: the Model Context Protocol over standard input and output."""

import asyncio
import os
import signal
from importlib.util import find_spec
from typing import NoReturn

import typer

from webmon import clock, config, db
from webmon.cli.console import WRONG_INPUT, fail, plainly, require_key
from webmon.domain.accounts.access import Role

commands = typer.Typer()

NO_LIBRARY = "webmon mcp needs the Python package mcp: pip install 'webmon[mcp]'"
NO_KEY = "WEBMON_MCP_KEY: set it to an API key (webmon apikey add NAME --scope read makes one)"
WRONG_KEY = "WEBMON_MCP_KEY: this API key is not known, has expired or was revoked"


@commands.command()
@plainly
def mcp() -> None:
    """Serve an assistant (Model Context Protocol) with the API key in WEBMON_MCP_KEY."""
    if find_spec("mcp") is None:
        fail(NO_LIBRARY, WRONG_INPUT)
    key = config.settings().mcp_key.get_secret_value()
    if not key:
        fail(NO_KEY, WRONG_INPUT)
    require_key()
    if _role(key) is None:
        fail(WRONG_KEY, WRONG_INPUT)
    from webmon.api.mcp.server import serve

    async def may_write() -> bool:
        return await asyncio.to_thread(_role, key) not in (None, Role.VIEWER)

    # A thread of the library waits for the next line, and nothing but one would wake it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    asyncio.run(serve(key, may_write=may_write))


def _end(number: int, _frame: object) -> NoReturn:
    db.close()
    os._exit(128 + number)


def _role(key: str) -> Role | None:
    """What the key may do at this moment; None where it does not hold."""
    from webmon.queries.api_keys import bearer_of

    with db.read() as session:
        found = bearer_of(session, key, now=clock.utcnow())
    return found.actor.role if found else None
