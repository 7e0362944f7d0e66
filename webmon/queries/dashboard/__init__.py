"""The admin app's first page: what is wrong, how everything was, and how the monitor itself is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from webmon.domain.accounts.access import Actor
from webmon.queries.dashboard.figures import Figures, figures
from webmon.queries.dashboard.machines import MachinesView, machines
from webmon.queries.dashboard.monitor import MonitorView, monitor
from webmon.queries.dashboard.present import PresentView, present
from webmon.queries.dashboard.scope import Scope, namespaces, scope_of
from webmon.queries.kept import LATELY, Kept

__all__ = ["DashboardView", "dashboard"]


@dataclass(frozen=True, slots=True)
class DashboardView:
    """The whole page, for one person."""

    who: str = ""
    namespace: str = ""
    """The slug that the page is narrowed to; empty for all that the person sees."""
    namespaces: tuple[tuple[str, str], ...] = ()
    """(slug, name) of those to choose from."""
    present: PresentView = field(default_factory=PresentView)
    figures: Figures = field(default_factory=Figures)
    machines: MachinesView = field(default_factory=MachinesView)
    monitor: MonitorView = field(default_factory=MonitorView)


Parts = Mapping[str, Any]
"""Of a `DashboardView`, those that depend on the scope alone."""

TICKS: Kept[Parts] = Kept(LATELY)


def dashboard(
    session: Session,
    *,
    actor: Actor,
    namespace: str = "",
    days: int = 1,
    now: datetime,
    lately: bool = False,
) -> DashboardView:
    """What ``actor`` sees of everything, or of one namespace (its slug).

    ``days`` is how far the figures reach back: 1, 7, 30 or 365. An unknown or foreign namespace
    counts as none chosen. ``lately``: it may be up to a second old.
    """
    known = {row.slug: row for row in namespaces(session, actor)}
    scope = scope_of(actor, known[namespace].id if namespace in known else None)
    read = partial(_parts, session, scope, days, now)
    return DashboardView(
        who=f"{actor.email} · {actor.role.value}",
        namespace=namespace if namespace in known else "",
        namespaces=tuple((slug, row.name) for slug, row in known.items()),
        **(TICKS.of(session, (scope, days), read, now=now) if lately else read()),
    )


def _parts(session: Session, scope: Scope, days: int, now: datetime) -> Parts:
    return {
        "present": present(session, scope, now=now),
        "figures": figures(session, scope, days=days, now=now),
        "machines": machines(session, scope, now=now),
        "monitor": monitor(session, scope, now=now),
    }
