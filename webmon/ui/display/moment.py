"""Instants as the reader's own clock shows them."""

import reflex as rx

FORMAT = """((iso, beside) => {{
  if (!iso) return '';
  const timeZone = document.documentElement.dataset.zone || undefined;
  const at = new Date(iso), day = (of) => of.toLocaleDateString('en-GB', {{timeZone}});
  const [today, then] = [day(new Date()), day(at)];
  const year = today.slice(-4) === then.slice(-4) ? undefined : 'numeric';
  const isTold = then === today || (beside && then === day(new Date(beside)));
  return at.toLocaleString('en-GB', isTold ? {{timeStyle: '{style}', timeZone}}
    : {{day: 'numeric', month: 'short', year, hour: '2-digit', minute: '2-digit', timeZone}});
}})({iso}, {beside})"""


def moment(iso: rx.Var[str], *, seconds: bool = True) -> rx.Component:
    """The time of day, with the date where it is not today; nothing for an empty text."""
    return _moment(iso, "''", "medium" if seconds else "short")


def span(first: rx.Var[str], last: rx.Var[str]) -> rx.Component:
    """Two moments to the minute. The second has its date where it is not that of the first."""
    return rx.fragment(_moment(first, "''", "short"), " – ", _moment(last, first, "short"))


def _moment(iso: rx.Var[str], beside: rx.Var[str] | str, style: str) -> rx.Component:
    """Without its date also where ``beside`` has the same, which stands before it."""
    text = rx.Var(FORMAT.format(iso=iso, beside=beside, style=style), _var_type=str)
    return rx.el.time(text, date_time=iso, title=_exact(iso))


AGO = """((iso, now) => {{
  if (!iso) return '';
  const seconds = Math.max(0, Math.round((new Date(now) - new Date(iso)) / 1000));
  for (const [unit, length, least] of [['d', 86400, 2], ['h', 3600, 1], ['min', 60, 1]])
    if (seconds >= least * length) return Math.floor(seconds / length) + ' ' + unit + ' ago';
  return seconds + ' s ago';
}})({iso}, {now})"""
EXACT = """((iso) => iso ? new Date(iso).toLocaleString('en-GB', {{dateStyle: 'medium',
  timeStyle: 'long', timeZone: document.documentElement.dataset.zone || undefined}}) : '')({iso})"""


def ago(iso: rx.Var[str], now: rx.Var[str]) -> rx.Component:
    """How long before ``now``, with the exact instant on hover; nothing for an empty text."""
    text = rx.Var(AGO.format(iso=iso, now=now), _var_type=str)
    return rx.el.time(text, date_time=iso, title=_exact(iso))


def _exact(iso: rx.Var[str]) -> rx.Var[str]:
    return rx.Var(EXACT.format(iso=iso), _var_type=str)
