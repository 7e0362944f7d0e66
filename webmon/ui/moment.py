"""Instants as the reader's own clock shows them."""

import reflex as rx

FORMAT = """((iso) => {{
  if (!iso) return '';
  const timeZone = document.documentElement.dataset.zone || undefined;
  const at = new Date(iso), day = (of) => of.toLocaleDateString('en-GB', {{timeZone}});
  const [today, then] = [day(new Date()), day(at)];
  const year = today.slice(-4) === then.slice(-4) ? undefined : 'numeric';
  return at.toLocaleString('en-GB', today === then ? {{timeStyle: '{style}', timeZone}}
    : {{day: 'numeric', month: 'short', year, hour: '2-digit', minute: '2-digit', timeZone}});
}})({iso})"""


def moment(iso: rx.Var[str], *, seconds: bool = True) -> rx.Component:
    """The time of day, with the date where it is not today; nothing for an empty text."""
    text = rx.Var(FORMAT.format(iso=iso, style="medium" if seconds else "short"), _var_type=str)
    return rx.el.time(text, date_time=iso)
