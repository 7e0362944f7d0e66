"""A request of the web process to itself, over the network: whether others could have made it."""

import asyncio
from http import HTTPStatus

from webmon.config import Settings

PATIENCE_SECONDS = 2.0
ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
NOBODYS = "/api/v1/heartbeats/-"


async def takes_heartbeats(settings: Settings) -> bool:
    """Whether a heartbeat would be taken now: one with a token of nobody's is answered with 404.

    That is said only after a look into the database, so that all the way there is proved.
    """
    address = ANY_ADDRESS.get(settings.bind, settings.bind)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _status(address, settings.port) == HTTPStatus.NOT_FOUND
    except (OSError, ValueError, IndexError):  # a time-out is an OSError
        return False


async def _status(address: str, port: int) -> int:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"HEAD {NOBODYS} HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n".encode())
        first = await reader.readline()
        return int(first.split()[1])
    finally:
        writer.close()
