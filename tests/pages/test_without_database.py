"""The admin app while the database is away: a sentence that is true, and no traceback."""

import pytest

from pages.admin.channels.state import ChannelsState
from pages.admin.hosts.state import HostsState
from tests.pages.tab import open_tab
from tests.pages.test_admin import sign_in
from webmon import db
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.plain_page import DATABASE_AWAY


async def test_every_event_says_that_the_database_cannot_be_used(database, caplog):
    cookie = sign_in(database, Role.ADMIN)
    async with open_tab(cookie) as tab:
        await tab.send(HostsState, "load")
        away = Database("postgresql://nobody@127.0.0.1:1/none")
        db.use(away)
        for state, handler in ((HostsState, "load"), (ChannelsState, "load"), (HostsState, "tick")):
            with pytest.raises(db.DatabaseUnavailable):  # here it also comes back to the sender
                await tab.send(state, handler)
            assert tab.told(DATABASE_AWAY), tab.events
            assert not tab.told("fault of this program")
        db.use(database)
        await tab.send(HostsState, "load")
        assert not tab.told(DATABASE_AWAY)
        away.dispose()
    assert "an event waits for the database: connection to server" in caplog.text
    assert "Traceback" not in caplog.text
