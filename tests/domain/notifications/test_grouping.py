"""Which news go out in one message, and when."""

import pytest

from tests.clock import NOW, SECOND
from webmon.domain.notifications.grouping import HOLD, Sent, Waiting, message_key, next_message
from webmon.domain.notifications.news import Event

DOWN, UP, REMINDER = Event.DOWN, Event.UP, Event.REMINDER
IATI, DI = 1, 2


def waiting(id, event=DOWN, host=1, ready=0.0, namespace=IATI):
    return Waiting(id, event, namespace, host, NOW + ready * SECOND)


def told(message, event=DOWN, host=1, sent=0.0, namespace=IATI):
    return Sent(message, event, namespace, host, NOW + sent * SECOND)


def alone(id, event=Event.MONITOR, ready=0.0):
    return waiting(id, event, None, ready, None)


CASES = {
    "nothing waits": ([], [], ()),
    "news wait for their host's other services": ([waiting(1, ready=1)], [], ()),
    "what is due takes along what waits for the same host": (
        [waiting(1), waiting(2, ready=2.9), waiting(3, host=2, ready=1)],
        [],
        (1, 2),
    ),
    "the host that has waited longest comes first": (
        [waiting(1, host=2), waiting(2), waiting(3, host=2)],
        [],
        (1, 3),
    ),
    "an earlier host that is not due does not hold up one that is": (
        [waiting(1, ready=1), waiting(2, host=2)],
        [],
        (2,),
    ),
    "five hosts of a namespace are told one by one": (
        [waiting(number, host=number) for number in range(1, 6)],
        [],
        (1,),
    ),
    "more than five hosts of a namespace are one digest": (
        [waiting(number, host=number, ready=number - 1) for number in range(1, 7)],
        [],
        (1, 2, 3, 4, 5, 6),
    ),
    "hosts of other namespaces do not count": (
        [waiting(number, host=number) for number in range(1, 6)]
        + [waiting(6, host=6, namespace=DI)],
        [],
        (1,),
    ),
    "a digest leaves other namespaces and news without a host alone": (
        [waiting(number, host=number) for number in range(1, 7)]
        + [waiting(7, host=7, namespace=DI), alone(8)],
        [],
        (1, 2, 3, 4, 5, 6),
    ),
    "an outage and its recovery that wait together are one message, in order": (
        [waiting(1, DOWN, ready=-60), waiting(2, UP, ready=1)],
        [],
        (1, 2),
    ),
    "more of the same within half a minute waits": (
        [waiting(2, ready=-1)],
        [told(1, sent=-20)],
        (),
    ),
    "but not what has waited for the end of planned downtime": (
        [Waiting(2, DOWN, IATI, 1, NOW, is_overdue=True)],
        [told(1, sent=-1)],
        (2,),
    ),
    "after half a minute it goes": ([waiting(2, ready=-1)], [told(1, sent=-30)], (2,)),
    "what another host was told does not matter": (
        [waiting(2, host=2)],
        [told(1, sent=-1)],
        (2,),
    ),
    "after a digest its whole namespace waits": (
        [waiting(3, host=9)],
        [told(1, host=1, sent=-20), told(1, host=2, sent=-20)],
        (),
    ),
    "after a digest another namespace does not wait": (
        [waiting(3, host=9, namespace=DI)],
        [told(1, host=1, sent=-20), told(1, host=2, sent=-20)],
        (3,),
    ),
    "the first recovery after bad news does not wait": (
        [waiting(2, UP)],
        [told(1, sent=-1)],
        (2,),
    ),
    "and takes along bad news that does": (
        [waiting(2, DOWN), waiting(3, UP)],
        [told(1, sent=-1)],
        (2, 3),
    ),
    "the next recovery joins the ones to come": (
        [waiting(3, UP)],
        [told(1, sent=-10), told(2, UP, sent=-5)],
        (),
    ),
    "a recovery after newer bad news does not wait": (
        [waiting(4, UP)],
        [told(1, UP, sent=-20), told(3, DOWN, sent=-5)],
        (4,),
    ),
    "also what arose before its host moved to another namespace": (
        [waiting(2, DOWN), waiting(3, UP, namespace=DI)],
        [told(1, sent=-1)],
        (2, 3),
    ),
    "a digest takes along what arose before one of its hosts moved": (
        [waiting(1, DOWN, ready=-9)]
        + [waiting(number, host=number - 1, namespace=DI) for number in range(2, 8)],
        [told(0, sent=-1)],
        (1, 2, 3, 4, 5, 6, 7),
    ),
    "reminders wait for nothing": ([waiting(2, REMINDER)], [told(1, REMINDER, sent=-1)], (2,)),
    "news without a host go out by themselves": ([alone(1), alone(2)], [], (1,)),
    "a test goes before everything else": (
        [waiting(1), alone(2), alone(3, Event.TEST)],
        [],
        (3,),
    ),
}


@pytest.mark.parametrize(("news", "lately", "expected"), CASES.values(), ids=CASES.keys())
def test_what_goes_out_now(news, lately, expected):
    assert next_message(news, lately, NOW) == expected


def test_what_waits_goes_out_when_its_time_has_come():
    news, lately = [waiting(2, ready=-1)], [told(1, sent=-20)]
    assert next_message(news, lately, NOW + HOLD - 21 * SECOND) == ()
    assert next_message(news, lately, NOW + HOLD - 20 * SECOND) == (2,)


def test_a_message_is_named_by_what_it_tells():
    assert message_key([1, 2], NOW) == message_key([1, 2], NOW)
    assert len({message_key(ids, NOW) for ids in ([1], [1, 2], [1, 3], [12])}) == 4
    assert len(message_key([2**62, 1], NOW)) <= 40
    assert message_key([1], NOW) != message_key([1], NOW + SECOND), "after a restore"
