"""The room "Planned downtime" as somebody uses it, and as nobody may."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pages.admin.dashboard.state import DashboardState
from pages.admin.downtimes import page
from pages.admin.downtimes import state as room
from pages.admin.downtimes.starting import AtOnceState
from pages.admin.downtimes.state import DowntimesState
from pages.admin.host.state import HostPageState
from pages.admin.incidents.state import IncidentsState
from pages.admin.service.state import ServicePageState
from tests import factories
from tests.downtimes import local, occurrences, plan
from tests.pages.tab import Tab, open_tab
from tests.pages.test_admin import as_a_browser_sends, sign_in
from webmon.clock import utcnow
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.models import Downtime, Incident, Service

DAY = timedelta(days=1)
CHANGING: dict[str, dict[str, Any]] = {
    "open_form": {"thing": "downtime", "row_id": 1},
    "open_new": {"thing": "downtime", "parent_id": 0},
    "choose_kind": {"kind": "weekly"},
    "save": {"form": {"title": "X"}},
    "search_scope": {"text": "a"},
    "add_to_scope": {"value": "host-1-1"},
    "preview": {"form": {}},
    "ask_first": {"step": "cancel", "occurrence_id": 1},
    "take_step": {},
    "extend": {"occurrence_id": 1, "length": "30m"},
}


def test_the_page_renders_without_a_database() -> None:
    assert "Plan downtime" in str(page.downtimes().render())


@pytest.fixture
def site(database: Database) -> int:
    """A service of the host Datastore in IATI; DI has a host too."""
    with database.write() as session:
        iati = factories.namespace(session, "iati", timezone="Europe/London")
        other = factories.namespace(session, "di")
        factories.host(session, "Devtracker", namespace_id=other.id)
        host = factories.host(session, "Datastore", namespace_id=iati.id)
        factories.channel(session, "ops")
        return factories.service(session, "Website", host_id=host.id).id


async def new_form(tab: Tab, *wanted: str) -> dict[str, str]:
    """A new form with these things affected, as a browser sends it."""
    await tab.send(DowntimesState, "load")
    await tab.send(DowntimesState, "open_new", thing="downtime", parent_id=0)
    for name in wanted:
        await tab.send(DowntimesState, "search_scope", text=name)
        [found] = [each for each in tab.shown["found"] if each.label == name]
        await tab.send(DowntimesState, "add_to_scope", value=found.value)
    return as_a_browser_sends(tab.shown["form"]) | {"title": "Upgrade"}


async def test_a_viewer_sees_and_changes_nothing(database: Database, site: int) -> None:
    made = plan(database, site, utcnow() + DAY, at=utcnow())
    [time] = occurrences(database, made.id)
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(DowntimesState, "load")
        assert [each.title for each in tab.shown["view"].next] == ["Database upgrade"]
        assert not tab.shown["view"].can_edit and not tab.shown["view"].next[0].can_edit
        await tab.send(DowntimesState, "open_time", occurrence_id=time.id)
        assert tab.shown["detail"].time.id == time.id
        for handler, arguments in CHANGING.items():
            await tab.send(DowntimesState, handler, **arguments)
            assert tab.told("You may not do this."), handler


async def test_a_long_list_is_shown_in_parts(database: Database, site: int, monkeypatch) -> None:
    monkeypatch.setattr(room, "NEXT_SHOWN", 2)
    for number in range(3):
        plan(database, site, utcnow() + (number + 1) * DAY, at=utcnow())
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        await tab.send(DowntimesState, "load")
        assert (len(tab.shown["view"].next), tab.shown["view"].more_next) == (2, True)
        await tab.send(DowntimesState, "show_more", part="next")
        assert (len(tab.shown["view"].next), tab.shown["view"].more_next) == (3, False)


async def test_downtime_is_planned_with_all_that_can_be_said(database: Database, site: int) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        typed = await new_form(tab, "Datastore")
        await tab.send(DowntimesState, "choose_kind", kind="weekly")
        assert tab.told("FormData"), "the preview is asked for again"
        typed |= as_a_browser_sends(tab.shown["form"]) | {
            "title": "Upgrade", "message": "Short.", "starts_at": "2037-03-26T01:30",
            "duration_seconds": "45m", "weekdays.TU": "on", "weekdays.SU": "on",
            "announce_before": "2d, 1h", "to_reminded": "page", "told": "some",
            "silence_all": "on", "finish_when_up": "3", "count": "4",
        }  # fmt: skip
        channel = next(each.name for each in tab.shown["form"].fields() if each.label == "ops")
        typed |= {channel: "on"}
        await tab.send(DowntimesState, "preview", form=typed | {"reader_timezone": "Asia/Tokyo"})
        first, *others = tab.shown["next_times"]
        assert first.there == "Sun 29 Mar 2037 02:30 – 03:15 BST"
        assert first.here == "Sun 29 Mar 2037 10:30 – 11:15 JST"
        assert "skip" in first.warning and len(others) == 3
        await tab.send(DowntimesState, "save", form=typed)
        assert tab.told("Upgrade is saved."), tab.shown["mistake"]
        with database.read() as session:
            [row] = session.exec(select(Downtime))
        assert row.rrule == "FREQ=WEEKLY;BYDAY=TU,SU;COUNT=4"
        assert (row.timezone, row.duration_seconds, row.message) == (
            "Europe/London", 2700, "Short.",
        )  # fmt: skip
        assert (row.announce_before, row.audience) == ([172800, 3600], {"reminded": "page"})
        assert (row.channels_chosen, row.silence_all, row.finish_when_up) == (True, True, 3)
        [shown] = tab.shown["view"].next
        assert (shown.scope, shown.lasts) == ("Datastore", "45 min")
        assert shown.repeats == "every week on Tuesday, Sunday, 4 times"
        # The form shows it as it was given, and saves it again without a change.
        await tab.send(DowntimesState, "open_form", thing="downtime", row_id=row.id)
        again = as_a_browser_sends(tab.shown["form"])
        assert again == typed | {"timezone": "Europe/London"}
        await tab.send(DowntimesState, "save", form=again)
        with database.read() as session:
            assert session.get_one(Downtime, row.id).rrule == row.rrule


WRONG = {
    "what is affected": ({}, "scope", "Choose what is affected"),
    "end before start": (
        {"ends_at": "2037-03-01T00:00", "duration_seconds": ""}, "ends_at", "after the start",
    ),
    "zero length": ({"duration_seconds": "0s"}, "duration_seconds", "longer than nothing"),
    "timezone": ({"timezone": "Mars"}, "timezone", "name of a timezone"),
    "offsets": ({"announce_before": "soon"}, "announce_before", "lengths such as"),
    "a rule that never occurs": (
        {"kind": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "kind", "never occurs",
    ),
    "seconds": ({"kind": "rule", "rule": "FREQ=DAILY;BYSECOND=1"}, "kind", "BYSECOND"),
}  # fmt: skip


async def test_each_mistake_stands_at_its_field(database: Database, site: int) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        typed = await new_form(tab) | {"starts_at": "2037-03-26T01:30"}
        for name, (changed, control, words) in WRONG.items():
            if name == "end before start":
                typed |= await new_form(tab, "Datastore") | {"starts_at": "2037-03-26T01:30"}
            if "kind" in changed:
                await tab.send(DowntimesState, "choose_kind", kind="rule")
            await tab.send(DowntimesState, "save", form=typed | changed)
            mistake = tab.shown["mistake"]
            assert mistake.control == control and words.lower() in mistake.message.lower(), (
                name,
                mistake,
            )
        both = await new_form(tab, "Datastore", "Devtracker") | {"starts_at": "2037-03-26T01:30"}
        await tab.send(DowntimesState, "save", form=both)
        assert "one namespace" in tab.shown["mistake"].message
        with database.read() as session:
            assert not session.exec(select(Downtime)).all()


async def test_a_series_is_changed_once_from_then_on_and_skipped(
    database: Database, site: int
) -> None:
    start = (utcnow() + DAY).replace(minute=0, second=0, microsecond=0)
    made = plan(database, site, start, at=utcnow(), rrule="FREQ=DAILY;COUNT=6")
    times = occurrences(database, made.id)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(DowntimesState, "load")
        await tab.send(DowntimesState, "open_time", occurrence_id=times[0].id)
        assert [each.id for each in tab.shown["detail"].further] == [each.id for each in times[1:]]
        await tab.send(DowntimesState, "open_form", thing="time", row_id=times[1].id)
        typed = as_a_browser_sends(tab.shown["form"])
        moved = local(times[1].starts_at + timedelta(hours=2))
        await tab.send(
            DowntimesState, "save",
            form=typed | {"starts_at": moved, "duration_seconds": "2h", "message": "Longer."},
        )  # fmt: skip
        assert tab.told("is saved."), tab.shown["mistake"]
        after = occurrences(database, made.id)
        assert after[1].ends_at - after[1].starts_at == timedelta(hours=2)
        assert (after[1].title, after[1].message) == (None, "Longer.")
        await tab.send(DowntimesState, "open_form", thing="following", row_id=times[3].id)
        typed = as_a_browser_sends(tab.shown["form"])
        assert typed["count"] == "3", "of six, three lie before"
        await tab.send(DowntimesState, "save", form=typed | {"title": "Later", "count": "2"})
        assert [each.title for each in tab.shown["view"].next] == ["Database upgrade", "Later"]
        assert len(occurrences(database, made.id)) == 3
        await tab.send(DowntimesState, "ask_first", step="skip", occurrence_id=times[0].id)
        assert "Skip Database upgrade" in tab.shown["asked"].question
        await tab.send(DowntimesState, "take_step")
        assert [each.state.value for each in occurrences(database, made.id)] == [
            "skipped", "scheduled", "scheduled",
        ]  # fmt: skip
        later = tab.shown["view"].next[1]
        await tab.send(DowntimesState, "ask_first", step="cancel_all", occurrence_id=later.id)
        await tab.send(DowntimesState, "take_step")
        assert [each.title for each in tab.shown["view"].next] == ["Database upgrade"]


async def test_a_downtime_is_started_extended_and_finished(database: Database, site: int) -> None:
    made = plan(database, site, utcnow() + DAY, at=utcnow())
    [time] = occurrences(database, made.id)
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(DowntimesState, "load")
        tab.address = f"/downtime/?time={time.id}"
        await tab.send(DowntimesState, "load")
        assert tab.shown["detail"].time.id == time.id, "a link opens it"
        await tab.send(DowntimesState, "ask_first", step="start", occurrence_id=time.id)
        await tab.send(DowntimesState, "leave_it")
        await tab.send(DowntimesState, "take_step")
        assert tab.shown["view"].now == ()
        await tab.send(DowntimesState, "ask_first", step="start", occurrence_id=time.id)
        await tab.send(DowntimesState, "take_step")
        [shown] = tab.shown["view"].now
        assert (shown.word, shown.lasts) == ("going on", "1 h")
        await tab.send(DowntimesState, "extend", occurrence_id=time.id, length="30m")
        assert tab.shown["view"].now[0].lasts == "1 h 30 min"
        await tab.send(DowntimesState, "extend", occurrence_id=time.id, length="1y")
        assert tab.told("Choose how much longer it lasts.")
        await tab.send(DowntimesState, "ask_first", step="finish", occurrence_id=time.id)
        await tab.send(DowntimesState, "take_step")
        assert [each.word for each in tab.shown["view"].past] == ["finished"]
        assert [each.what for each in tab.shown["detail"].steps] == [
            "announced", "started", "extended", "finished",
        ]  # fmt: skip
        assert tab.shown["detail"].steps[2].by == "editor@example.org"


async def test_two_people_change_one_downtime(database: Database, site: int) -> None:
    made = plan(database, site, utcnow() + DAY, at=utcnow())
    cookie = sign_in(database, Role.EDITOR)
    async with open_tab(cookie) as first, open_tab(cookie) as second:
        for tab in (first, second):
            await tab.send(DowntimesState, "load")
            await tab.send(DowntimesState, "open_form", thing="downtime", row_id=made.id)
        typed = as_a_browser_sends(first.shown["form"])
        await first.send(DowntimesState, "save", form=typed | {"title": "First"})
        await second.send(DowntimesState, "save", form=typed | {"message": "Second."})
        if second.shown["form"].is_late:
            assert second.shown["others"][0].after == "First"
            await second.send(DowntimesState, "save", form=typed | {"message": "Second."})
        with database.read() as session:
            row = session.get_one(Downtime, made.id)
            assert (row.title, row.message) == ("First", "Second.")


async def test_it_is_planned_for_a_host_by_its_address(database: Database, site: int) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(DowntimesState, "load")
        tab.address = f"/downtime/?plan=service-{site}"
        await tab.send(DowntimesState, "load")
        labels = [each.label for each in tab.shown["form"].fields() if "scope." in each.name]
        assert labels == ["Datastore – Website (IATI)"]
        tab.address = "/downtime/?plan=service-99999"
        await tab.send(DowntimesState, "load")
        assert tab.shown["form"].thing == "downtime"


async def test_an_emergency_takes_two_clicks(database: Database, site: int) -> None:
    cookie = sign_in(database, Role.EDITOR)
    with database.read() as session:
        host_id = session.get_one(Service, site).host_id
    for state, address in (
        (HostPageState, f"/host/?id={host_id}"),
        (ServicePageState, f"/service/?id={site}"),
    ):
        async with open_tab(cookie) as tab:
            tab.address = address
            await tab.send(state, "load")
            before = len(tab.shown["planned"])
            await tab.send(state, "start_now")
            assert len(tab.shown["planned"]) == before, "nothing without a question"
            await tab.send(state, "ask_start_now")
            await tab.send(state, "start_now")
            assert tab.told("has begun"), tab.events
            assert [(each.word, each.lasts) for each in tab.shown["planned"]] == [
                ("going on", "30 min")
            ] * (before + 1)
    with database.write() as session:
        outage = Incident(service_id=site, opened_at=utcnow(), message="refused")
        session.add(outage)
        session.flush()
        incident_id = outage.id
    async with open_tab(cookie) as tab:
        tab.address = f"/incidents/?incident={incident_id}"
        await tab.send(IncidentsState, "load")
        assert len(tab.shown["planned"]) == 2, "the outage shows what it fell into"
        await tab.send(DashboardState, "load")
        assert len(tab.shown["planned"]) == 2


async def test_a_viewer_starts_nothing(database: Database, site: int) -> None:
    async with open_tab(sign_in(database, Role.VIEWER)) as tab:
        tab.address = f"/service/?id={site}"
        await tab.send(ServicePageState, "load")
        for handler in ("ask_start_now", "start_now"):
            await tab.send(ServicePageState, handler)
            assert tab.told("You may not do this.")
        await tab.send(AtOnceState, "start", kind="service", row_id=site)
        assert tab.told("You may not do this.")


async def test_a_row_of_the_list_begins_one_from_its_menu(database: Database, site: int) -> None:
    async with open_tab(sign_in(database, Role.EDITOR)) as tab:
        await tab.send(AtOnceState, "start", kind="service", row_id=site)
        assert tab.told("has begun")
        for strange in (0, 99_999, -1, None):
            await tab.send(AtOnceState, "start", kind="host", row_id=strange)
            assert tab.told("does not exist")
        await tab.send(DowntimesState, "load")
        assert [each.scope for each in tab.shown["view"].now] == ["Datastore – Website"]
