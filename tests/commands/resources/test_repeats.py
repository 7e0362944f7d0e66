"""A request that comes twice at once is done once, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import factories
from tests.clock import HOUR, NOW
from webmon import db
from webmon.commands.accounts.api_keys import add_key
from webmon.commands.resources.repeats import KEPT, Answer, once
from webmon.domain.accounts.api_keys import Scope
from webmon.errors import Invalid
from webmon.models import Namespace
from webmon.queries.api_keys import bearer_of


@pytest.fixture
def key_id(database: db.Database) -> int:
    with database.write() as session:
        key = add_key(session, "deploy", Scope.WRITE, actor=None, now=NOW)
        found = bearer_of(session, key, now=NOW)
        assert found is not None
        return found.key_id


def test_two_at_once_are_one(database: db.Database, key_id: int) -> None:
    together, done = threading.Barrier(2), []

    def send(number: int) -> Answer:
        together.wait(10)
        with database.write() as session:

            def work() -> Answer:
                done.append(number)
                row = factories.namespace(session, f"space-{number}")
                return Answer(201, {"id": row.id, "slug": row.slug})

            return once(session, key_id, "same", "digest", work, now=NOW)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(send, (1, 2))
    assert len(done) == 1
    assert first.content == second.content
    assert {first.repeated, second.repeated} == {True, False}


def test_an_answer_is_kept_for_a_day_and_for_one_key(database: db.Database, key_id: int) -> None:
    def answer(number: int) -> Answer:
        return Answer(201, {"number": number})

    with database.write() as session:
        for at, name, number, expected in (
            (NOW, "a", 1, 1),
            (NOW + KEPT - HOUR, "a", 2, 1),
            (NOW + KEPT, "a", 3, 3),
            (NOW, "b", 4, 4),
        ):
            said = once(session, key_id, name, "x", lambda n=number: answer(n), now=at)
            assert said.content == {"number": expected}
        for name, digest in (("b", "other"), ("", "x"), ("x" * 256, "x"), ("é", "x")):
            with pytest.raises(Invalid):
                once(session, key_id, name, digest, lambda: answer(5), now=NOW)


def test_what_failed_may_be_tried_again(database: db.Database, key_id: int) -> None:
    def fail() -> Answer:
        raise Invalid("no")

    with pytest.raises(Invalid), database.write() as session:
        once(session, key_id, "a", "x", fail, now=NOW)
    with database.write() as session:
        factories.namespace(session, "made")
        said = once(session, key_id, "a", "x", lambda: Answer(201, {}), now=NOW)
        assert not said.repeated
        assert session.get(Namespace, 1) is not None
