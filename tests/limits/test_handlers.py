"""Every handler of the admin app, called with arguments of every kind by people of IATI alone."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from reflex.state import State
from reflex_base.registry import RegistrationContext

from tests.examples import up_to
from tests.limits import world
from tests.limits.world import FIRST_HIDDEN, HIDDEN
from tests.pages.tab import Tab, open_tab
from webmon.clock import utcnow
from webmon.commands.accounts.logins import open_session
from webmon.db import Database
from webmon.domain.accounts.access import RANKS, Role
from webmon.ui.states.private import is_framework

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HUGE = "x" * 100_000
HIDDEN_ONES: tuple[Any, ...] = (FIRST_HIDDEN, str(FIRST_HIDDEN), [FIRST_HIDDEN], "di")
WRONG_ONES: tuple[Any, ...] = (
    *(0, -1, 10**30, 1.5, True, None, "'; --\0<b>", HUGE, {}, {"name": HUGE}, [[]]),
)
"""Sent by an admin alone, who may call every handler: how it reads them is no matter of rights."""
THINGS = ("namespace", "host", "service", "channel", "user", "incident", "downtime", "__class__")
FORM = {
    **{name: str(FIRST_HIDDEN) for name in ("id", "namespace_id", "host_id", "until", "minutes")},
    **dict.fromkeys(("name", "slug", "reason", "text", "url", "kind", "address"), "x"),
    **{"email": "x@example.org", "role": "admin", "where": "all", "until": "1h"},
}
UNSAID = tuple(each for each in HIDDEN if each not in str(FIRST_HIDDEN))
"""Of what is hidden, that which nobody has sent: an address and a search are shown again."""
FAULT = "error in Beaconry"


def states() -> list[type[State]]:
    found = RegistrationContext.get().base_states.values()
    return [each for each in found if not is_framework(each)]


def handlers(state: type[State]) -> Iterator[tuple[str, Role | None, list[str]]]:
    """Name, who may call it, and the names of its arguments."""
    for name, handler in state.event_handlers.items():
        names = list(inspect.signature(handler.fn).parameters)[1:]
        yield name, getattr(handler.fn, "open_to", None), names


def payloads(names: list[str], role: Role | None) -> Iterator[Mapping[str, Any]]:
    """What is sent: nothing, each value for all arguments, and things with ids of others."""
    if not names:
        yield {}
        return
    values = HIDDEN_ONES + (WRONG_ONES if role is Role.ADMIN else ())
    for value in values[: up_to(len(values))]:
        yield dict.fromkeys(names, value)
    if "form" in names:
        yield dict.fromkeys(names, "") | {"form": FORM}
    if "thing" in names:
        for thing in THINGS:
            yield dict.fromkeys(names, FIRST_HIDDEN) | {"thing": thing}


def signed_in(database: Database, role: Role) -> tuple[str, dict[str, list[Any]]]:
    """The cookie of somebody of IATI, and the rows that are none of their business."""
    with database.write() as session:
        iati, _ = world.build(session)
        person = world.actor(session, iati, role)
        cookie = open_session(session, person.user_id, now=utcnow())
        return cookie, world.hidden_rows(session)


class Listener:
    """All that a socket hears."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._take = tab._take
        tab._take = self._heard  # type: ignore[method-assign]
        self.text = ""

    def _heard(self, delta: Mapping[str, Mapping[str, Any]]) -> None:
        self.text += repr(delta)
        self._take(delta)

    def faults(self) -> list[str]:
        """What must not have been heard since the last time this was asked."""
        heard, self.text = self.text + "".join(self._tab.events), ""
        return [each for each in (*UNSAID, FAULT) if each in heard]


async def call_everything(tab: Tab, role: Role | None) -> tuple[list[str], int]:
    """Call each handler of each state; returns what went wrong, and how many calls it were."""
    listener, wrong, count = Listener(tab), [], 0
    for state in states():
        for name, open_to, names in handlers(state):
            may = role is not None and open_to is not None and RANKS[role] >= RANKS[open_to]
            for payload in payloads(names, role) if may else [dict.fromkeys(names, FIRST_HIDDEN)]:
                count += 1
                if may and name != "load":
                    tab.address = f"/?id={FIRST_HIDDEN}&open={FIRST_HIDDEN}&namespace=di"
                try:
                    await tab.send(state, name, **payload)
                except Exception as error:  # the handler has failed, and told nobody
                    wrong.append(f"{state.__name__}.{name}({payload!r:.80}): {error!r:.200}")
                faults = listener.faults()
                wrong += [f"{state.__name__}.{name}({payload!r:.80}): {each}" for each in faults]
                if not may and tab.shown:
                    assert tab.told("may not") or tab.told("location"), f"{state}.{name}"
    return wrong, count


async def test_nobody_hears_and_changes_anything(database: Database) -> None:
    with database.write() as session:
        world.build(session)
        before = world.contents(session)
    async with open_tab(None) as tab:
        wrong, count = await call_everything(tab, None)
        assert wrong == [] and tab.shown == {}
    assert count > 100
    with database.read() as session:
        assert world.contents(session) == before


async def test_a_viewer_of_one_namespace_changes_nothing_and_sees_nothing_of_the_other(
    database: Database,
) -> None:
    cookie, _ = signed_in(database, Role.VIEWER)
    with database.read() as session:
        before = world.contents(session)
    async with open_tab(cookie) as tab:
        wrong, count = await call_everything(tab, Role.VIEWER)
    assert wrong == [] and count > up_to(300)
    with database.read() as session:
        assert world.contents(session) == before


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN])
async def test_an_editor_of_one_namespace_leaves_the_other_alone_and_sees_nothing_of_it(
    database: Database, role: Role
) -> None:
    cookie, before = signed_in(database, role)
    async with open_tab(cookie) as tab:
        wrong, count = await call_everything(tab, role)
    assert not wrong, "\n".join(wrong)
    assert count > up_to(600)
    with database.read() as session:
        assert world.hidden_rows(session) == before
