"""A browser that is not signed in, at the edge of an app with some routes, and an account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import httpx

from tests.api.apps import app_of
from webmon.clock import utcnow
from webmon.commands.accounts import users
from webmon.commands.accounts.passwords import hash_password
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.edge import Edge

EMAIL, PASSWORD = "anna@example.org", "correct horse battery"


async def admin(scope: Any, receive: Any, send: Any) -> None:
    """Stands in for the admin app."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"admin"})


@asynccontextmanager
async def open_browser(*routes: ModuleType, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the ``routes`` of these modules; ``options`` are `Edge`'s."""
    transport = httpx.ASGITransport(Edge(admin, app_of(*routes), **options))
    async with httpx.AsyncClient(transport=transport, base_url="http://status.example") as client:
        yield client


def add_anna(database: Database, role: Role = Role.ADMIN) -> int:
    """Anna's account; returns its id."""
    with database.write() as session:
        hashed = hash_password(PASSWORD)
        return users.create_user(session, EMAIL, hashed, role, now=utcnow())
