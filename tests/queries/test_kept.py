"""What is shared for a while: by whom, for how long, and when it is forgotten."""

from collections.abc import Callable
from datetime import timedelta

from sqlmodel import Session

from tests import factories
from tests.clock import NOW, SECOND
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.checks.status import Status
from webmon.queries.dashboard import dashboard
from webmon.queries.inventory.hosts import admin_hosts, worst_status
from webmon.queries.kept import Kept, forget_lately

ANN = Actor(1, "ann@example.org", Role.ADMIN)


def test_it_is_worked_out_again_after_its_time_or_when_it_was_forgotten(session: Session) -> None:
    kept: Kept[int] = Kept(10 * SECOND)
    numbers = iter(range(9))

    def of(after: timedelta, work_out: Callable[[], int] = lambda: next(numbers)) -> int:
        return kept.of(session, "key", work_out, now=NOW + after)

    def forgotten_meanwhile() -> int:
        kept.forget()
        return -1

    assert [of(seconds * SECOND) for seconds in (0, 9, 10, 5)] == [0, 0, 1, 2]
    kept.forget()
    assert of(5 * SECOND, forgotten_meanwhile) == -1
    assert of(5 * SECOND) == 3


def test_ticks_share_what_they_see_alike_until_somebody_changes_something(
    session: Session,
) -> None:
    service = factories.service(session, "Website", status=Status.DOWN)
    host = service.host_id
    bert = Actor(2, "bert@example.org", Role.ADMIN)
    elsewhere = Actor(3, "c@example.org", Role.ADMIN, frozenset({99}))
    how = {"now": NOW, "lately": True}

    def seen(actor: Actor) -> tuple[str, str, int, int, str]:
        page, hosts = dashboard(session, actor=actor, **how), admin_hosts(session, actor, **how)
        worst = worst_status(session, actor=actor, **how)
        return page.who, hosts.who, page.present.services, len(hosts.hosts), worst

    assert seen(ANN) == (*("ann@example.org · admin",) * 2, 1, 1, "down")
    factories.service(session, "Port", host_id=host)
    assert seen(bert) == (*("bert@example.org · admin",) * 2, 1, 1, "down")
    assert seen(elsewhere)[2:] == (0, 0, "")
    assert dashboard(session, actor=bert, now=NOW).present.services == 2
    forget_lately()
    assert seen(bert)[2] == 2
