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


AGO = """((iso, now) => {{
  if (!iso) return '';
  const seconds = Math.max(0, Math.round((new Date(now) - new Date(iso)) / 1000));
  for (const [unit, length, least] of [['d', 86400, 2], ['h', 3600, 1], ['min', 60, 1]])
    if (seconds >= least * length) return Math.floor(seconds / length) + ' ' + unit + ' ago';
  return seconds + ' s ago';
}})({iso}, {now})"""
EXACT = """((iso) => iso ? new Date(iso).toLocaleString('en-GB',
  {{dateStyle: 'medium', timeStyle: 'medium'}}) : '')({iso})"""


def ago(iso: rx.Var[str], now: rx.Var[str]) -> rx.Component:
    """How long before ``now``, with the exact instant on hover; nothing for an empty text."""
    text = rx.Var(AGO.format(iso=iso, now=now), _var_type=str)
    exact = rx.Var(EXACT.format(iso=iso), _var_type=str)
    return rx.el.time(text, date_time=iso, title=exact)
