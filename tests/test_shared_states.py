"""Redis, where several web processes keep their pages' state: what is said while it is away."""

import urllib.error
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisAway

from tests.probes.real_servers import free_port, redis
from tests.product import eventually, running
from webmon import config, doctor, shared_states


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    port = free_port()
    monkeypatch.setenv("WEBMON_REDIS_URL", f"redis://127.0.0.1:{port}")
    config.settings.cache_clear()
    return port


def test_its_address_says_how_long_to_wait(monkeypatch):
    assert shared_states.address() == ""
    monkeypatch.setenv("WEBMON_REDIS_URL", "redis://:p%40ss@r.example/2?socket_timeout=9")
    config.settings.cache_clear()
    assert shared_states.address() == (
        "redis://:p%40ss@r.example/2?socket_timeout=9&socket_connect_timeout=3"
        "&health_check_interval=15"
    )


def test_doctor_names_it(port: int, database, tmp_path: Path):
    found = {each.name: each for each in doctor.examine()}
    assert found["Redis"].is_wrong
    assert "WEBMON_REDIS_URL cannot be reached" in found["Redis"].finding
    with redis(tmp_path, port=port):
        assert shared_states.fault() == ""


def test_an_event_that_needs_it_says_so(port: int):
    from webmon.webmon import REDIS_AWAY, tell_of_fault

    assert REDIS_AWAY in str(tell_of_fault(RedisAway("Connection refused")))


def test_everything_but_the_admin_app_works_on_without_it(tmp_path: Path):
    port = free_port()

    def missing(product) -> str:
        try:
            product.get("/readyz")
        except urllib.error.HTTPError as answer:
            return answer.read().decode()
        return ""

    with ExitStack() as stack:
        with redis(tmp_path, port=port):
            address = f"redis://127.0.0.1:{port}"
            product = stack.enter_context(running(tmp_path, WEBMON_REDIS_URL=address))
            eventually(lambda: not missing(product), 60)
        eventually(lambda: shared_states.AWAY in missing(product), 30)
        assert product.get("/healthz")
        assert product.get("/status/")
        with redis(tmp_path, port=port):
            eventually(lambda: not missing(product), 30)
