"""The public page as finished HTML: for the first paint, and for browsers without JavaScript.

Element for element what `pages/public/status.py` draws in the browser; a test compares the two.
"""

from html import escape

from webmon.queries.public.status_board import (
    SHOWN_WORDS,
    BoardCountView,
    BoardFilterView,
    BoardHostView,
    BoardServiceView,
    BoardView,
)


def board_html(board: BoardView, updated: str, notice: str = "") -> str:
    """What stands inside the element ``#board``; ``updated`` says how old it is."""
    filters = "".join(map(_filter, board.filters))
    hosts = "".join(map(_host, board.hosts))
    return (
        '<div class="answer">'
        f'{_icon(board.status)}<div role="status"><h1>{escape(board.headline)}</h1></div>'
        f'<ul class="counts">{"".join(map(_count, board.counts))}</ul>'
        f'<p class="updated">{escape(updated)}</p></div>'
        + (f'<p class="notice" role="alert">{escape(notice)}</p>' if notice else "")
        + (f'<nav aria-label="Namespaces" class="filters">{filters}</nav>' if filters else "")
        + (f'<ul class="hosts">{hosts}</ul>' if hosts else "" if board.missing else NOTHING)
    )


def nothing_known_html() -> str:
    """The same while the database does not answer."""
    return (
        f'<div class="answer">{_icon("unknown")}<div role="status">'
        "<h1>The status cannot be read at the moment</h1></div></div>"
        '<p class="notice" role="alert">Please try again in a minute.</p>'
    )


NOTHING = (
    '<p class="nothing">As soon as something is watched, it is shown here. '
    '<a href="/admin/">Log in</a> to watch a first site.</p>'
)


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
    return (
        f'<li class="{"wide" if host.open else "narrow"}" data-status="{host.status}">'
        f"<details{' open' if host.open else ''}>"
        f'<summary>{_icon(host.status)}<span class="name">{escape(host.name)}{group}</span>'
        f'<span class="word">{SHOWN_WORDS[host.status]}</span></summary>'
        f'<ul class="services">{services}</ul></details></li>'
    )


def _service(service: BoardServiceView) -> str:
    return (
        f'<li data-status="{service.status}">{_icon(service.status)}'
        f'<span class="name">{escape(service.name)}</span>'
        f'<span class="word">{SHOWN_WORDS[service.status]}</span></li>'
    )
