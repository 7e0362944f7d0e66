"""Instants as the reader's own clock shows them."""

import reflex as rx

FORMAT = """((iso) => {{
  if (!iso) return '';
  const at = new Date(iso), now = new Date(), today = now.toDateString() === at.toDateString();
  const year = now.getFullYear() === at.getFullYear() ? undefined : 'numeric';
  return at.toLocaleString('en-GB', today ? {{timeStyle: '{style}'}}
    : {{day: 'numeric', month: 'short', year, hour: '2-digit', minute: '2-digit'}});
}})({iso})"""


def moment(iso: rx.Var[str], *, seconds: bool = True) -> rx.Component:
    """The time of day, with the date where it is not today; nothing for an empty text."""
    text = rx.Var(FORMAT.format(iso=iso, style="medium" if seconds else "short"), _var_type=str)
    return rx.el.time(text, date_time=iso)
