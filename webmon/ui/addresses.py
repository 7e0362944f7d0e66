"""The addresses of rooms and of single things in them, within the admin app.

What a room shows is in the query of its address: it comes back after a reload, Back or a link.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import reflex as rx
from reflex_base.event import EventSpec

# Reflex sends the live query with every event; React Router need not know of the change, and goes
# through it with Back and Forward all the same.
SHOW = """(() => {{
  const wanted = {query};
  if (location.search !== wanted)
    history.{how}State(history.state, '', location.pathname + wanted + location.hash);
}})()"""

# As after a link, what was asked for is in view.
FIND = """setTimeout(() => {
  const found = document.querySelector('main .open-detail[aria-expanded=true]')
    ?? document.querySelector('main [aria-expanded=true]');
  const at = found?.getBoundingClientRect();
  if (at && (at.top < 0 || at.bottom > innerHeight)) found.scrollIntoView({block: 'center'});
}, 60)"""


def host_address(host_id: rx.Var[int]) -> rx.Var[str]:
    """The page of a host."""
    return rx.Var.create("/host/?id=") + host_id.to_string()


def form_address(how: str, thing: str, row_id: rx.Var[int]) -> rx.Var[str]:
    """The list of hosts, with the form that is to ``edit`` or ``duplicate`` a host or service."""
    return rx.Var.create(f"/hosts/?{how}={thing}.") + row_id.to_string()


def service_address(service_id: rx.Var[int]) -> rx.Var[str]:
    """The page of a service."""
    return rx.Var.create("/service/?id=") + service_id.to_string()


def incident_address(incident_id: rx.Var[int]) -> rx.Var[str]:
    """The list of incidents, with this one opened."""
    return rx.Var.create("/incidents/?incident=") + incident_id.to_string()


def downtime_address(occurrence_id: rx.Var[int]) -> rx.Var[str]:
    """The room of planned downtime, with this time opened."""
    return rx.Var.create("/downtime/?time=") + occurrence_id.to_string()


def activity_address(thing: rx.Var[str], row_id: rx.Var[int]) -> rx.Var[str]:
    """The activity, of this thing alone."""
    return rx.Var.create("/activity/?thing=") + thing + "&id=" + row_id.to_string()


def query_of(values: Mapping[str, object]) -> str:
    """``?search=a%20b&page=2``, without what is empty, 0 or the first page; or an empty text."""
    shown = {name: str(value) for name, value in values.items() if value}
    if shown.get("page") == "1":
        del shown["page"]
    return f"?{urlencode(shown, quote_via=quote)}" if shown else ""


def show_address(values: Mapping[str, object], *, replace: bool = False) -> EventSpec:
    """Has the browser show the address; with ``replace`` Back does not lead to the one before."""
    how = "replace" if replace else "push"
    script: EventSpec = rx.call_script(SHOW.format(query=json.dumps(query_of(values)), how=how))
    return script


find_opened = rx.call_script(FIND)
