"""The public board as HTML: the one place where the page's elements and sentences are written.

It stands in the page as it is sent, and `assets/board.js` fetches it again to refresh the page.
"""

from dataclasses import replace
from datetime import datetime
from html import escape
from urllib.parse import urlencode

from webmon.domain.checks.status import Status
from webmon.queries.public.snapshot import PublicStatusView
from webmon.queries.public.status_board import (
    PLANNED,
    SHOWN_WORDS,
    BoardCountView,
    BoardDowntimeView,
    BoardFilterView,
    BoardHostView,
    BoardServiceView,
    BoardView,
    board,
)
from webmon.queries.system.health import is_present

NOTHING = (
    '<p class="nothing">As soon as something is watched, it is shown here. '
    '<a href="/admin/">Log in</a> to watch a first site.</p>'
)


def board_html(view: PublicStatusView, namespace: str, *, now: datetime) -> str:
    """What stands inside the element ``#board``: a view of everything, or one namespace of it.

    A view that is no longer current shows the last known rows, and no overall status.
    """
    shown, at = board(view, namespace), view.generated_at
    label, notice = "Updated", ""
    if not is_present(at, now):
        shown = replace(shown, status=Status.UNKNOWN.value)
        label, notice = "Last known state:", _notice(_old(at))
    filters = "".join(map(_filter, shown.filters))
    hosts = "".join(map(_host, shown.hosts))
    return (
        '<div class="answer">'
        f'{_icon(shown.status)}<div role="status"><h1>{escape(shown.headline)}</h1></div>'
        f'<ul class="counts">{"".join(map(_count, shown.counts))}</ul>'
        f'<p class="updated">{label} {_time(at, "%-d %b %Y, %H:%M:%S")}'
        f'<span class="age"></span></p></div>{notice}'
        + (f'<nav aria-label="Namespaces" class="filters">{filters}</nav>' if filters else "")
        + _downtimes(shown, "started", "Planned downtime now")
        + (f'<ul class="hosts">{hosts}</ul>' if hosts else "" if shown.missing else NOTHING)
        + _downtimes(shown, "scheduled", "Planned downtime to come")
        + _downtimes(shown, "finished", "Planned downtime of the last 24 hours")
        + ("" if shown.missing else _subscribe(namespace))
    )


def _downtimes(shown: BoardView, state: str, title: str) -> str:
    those = dict(shown.downtimes).get(state)
    if not those:
        return ""
    rows = "".join(f"<li>{_downtime(each)}</li>" for each in those)
    return f'<section class="downtimes"><h2>{title}</h2><ul>{rows}</ul></section>'


def _downtime(each: BoardDowntimeView) -> str:
    group = f'<span class="group">{escape(each.group)}</span>' if each.group else ""
    message = f"<p>{escape(each.message)}</p>" if each.message else ""
    return (
        f"{_icon(PLANNED)}<div><b>{escape(each.title)}{group}</b><p>{_span(each)}</p>{message}"
        f'<p class="affected">{escape(", ".join(each.hosts))}</p></div>'
    )


def _span(each: BoardDowntimeView) -> str:
    form = "%-d %b %Y, %H:%M"
    is_one_day = each.starts_at.date() == each.ends_at.date()
    return f"{_time(each.starts_at, form)} – {_time(each.ends_at, '%H:%M' if is_one_day else form)}"


def _subscribe(namespace: str) -> str:
    query = f"?{urlencode({'namespace': namespace})}" if namespace else ""
    return (
        '<p class="subscribe">Planned downtime as a '
        f'<a href="/status/calendar.ics{query}">calendar</a> or a '
        f'<a href="/status/feed.atom{query}">feed</a></p>'
    )


def nothing_known_html() -> str:
    """The same while the database does not answer."""
    return (
        f'<div class="answer">{_icon("unknown")}<div role="status">'
        "<h1>The status cannot be read at the moment</h1></div></div>"
        + _notice("Please try again in a minute.")
    )


def _old(at: datetime) -> str:
    return (
        f"These are the statuses of {_time(at, '%-d %B, %H:%M')}. "
        "The monitor has not been able to check anything since then."
    )


def _notice(html: str) -> str:
    return f'<p class="notice" role="alert">{html}</p>'


def _time(at: datetime, form: str) -> str:
    """A time in UTC; the script replaces the text by the visitor's own time."""
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at.strftime(form)} UTC</time>'


def _icon(status: str) -> str:
    return (
        f'<svg class="icon" aria-hidden="true" data-status="{status}">'
        f'<use href="#status-{status}"></use></svg>'
    )


def _count(count: BoardCountView) -> str:
    word = SHOWN_WORDS[count.status]
    return f"<li>{_icon(count.status)}<b>{count.count}</b> {word}</li>"


def _filter(item: BoardFilterView) -> str:
    current = "page" if item.current else "false"
    return (
        f'<a href="{escape(item.href)}" aria-current="{current}">'
        f"{_icon(item.status)}{escape(item.name)}</a>"
    )


def _host(host: BoardHostView) -> str:
    group = f'<span class="group">{escape(host.group)}</span>' if host.group else ""
    services = "".join(map(_service, host.services))
    coming = "".join(
        f'<p class="coming">Planned downtime: {escape(each.title)}, {_span(each)}</p>'
        for each in host.downtimes
    )
    return (
        f'<li class="{"wide" if host.open else "narrow"}" data-key="{escape(host.key)}" '
        f'data-status="{host.status}">'
        f"<details{' open' if host.open else ''}>"
        f'<summary>{_icon(host.status)}<span class="name">{escape(host.name)}{group}</span>'
        f'<span class="word">{_words(host)}</span></summary>{coming}'
        f'<ul class="services">{services}</ul></details></li>'
    )


def _service(service: BoardServiceView) -> str:
    return (
        f'<li data-status="{service.status}">{_icon(service.status)}'
        f'<span class="name">{escape(service.name)}</span>'
        f'<span class="word">{_words(service)}</span></li>'
    )


def _words(item: BoardHostView | BoardServiceView) -> str:
    beside = f'<span class="beside">{SHOWN_WORDS[item.beside]}, </span>' if item.beside else ""
    return beside + SHOWN_WORDS[item.status]
