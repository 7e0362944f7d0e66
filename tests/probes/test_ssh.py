"""SSH: who answers, whether it is the same as before, and what a login says."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.examples import up_to
from tests.probes.real_servers import free_port
from tests.probes.ssh_servers import (
    CLIENT_KEY,
    HOST_KEY,
    OTHER_HOST_KEY,
    Manners,
    RealServer,
    listening,
    misbehaving,
    new_key,
    saying,
    sshd,
)
from webmon import crypto
from webmon.domain.checks.status import Status
from webmon.probes import PROBES, run
from webmon.probes.base import Outcome, Target
from webmon.probes.host_key import HostKey
from webmon.probes.host_metrics import HostMetricsConfig
from webmon.probes.over_ssh import session
from webmon.probes.over_ssh.commands import authorized_keys_line
from webmon.probes.ssh import SshConfig, probe_ssh
from webmon.probes.ssh_access import SshAccess, SshTarget


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


async def look(
    port: int,
    *,
    login: bool = False,
    access: SshAccess | None = None,
    pins: dict[str, dict[str, str]] | None = None,
    timeout: float = 5,
) -> Outcome:
    config = SshConfig(port=port, login=login)
    return await probe_ssh(config, Target("127.0.0.1", ssh=SshTarget(access, pins)), timeout)


def password(port: int, text: str = "right") -> SshAccess:
    return SshAccess(user="webmon", port=port, password=text)


def pinned(key: HostKey) -> dict[str, dict[str, str]]:
    return {str(key.port): key.pinned(datetime(2026, 5, 3, tzinfo=UTC).isoformat())}


# --- the real server


async def test_a_real_server_answers_and_shows_its_key(server: RealServer) -> None:
    outcome = await look(server.port)
    assert (outcome.status, outcome.evidence["key_type"]) == (Status.UP, "ssh-ed25519")
    assert outcome.evidence["server"].startswith("SSH-2.0-OpenSSH")
    assert outcome.host_key is not None
    assert outcome.evidence["fingerprint"] == outcome.host_key.fingerprint
    assert outcome.phases.connect_us and outcome.phases.first_byte_us and outcome.response_us


async def test_a_login_with_a_key_is_up_and_with_another_key_down(server: RealServer) -> None:
    assert (await look(server.port, login=True, access=server.access)).status is Status.UP
    stranger = server.access.model_copy(
        update={"private_key": SshAccess(user="x", private_key=new_key()).private_key}
    )
    outcome = await look(server.port, login=True, access=stranger)
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        f"wrong key or password for user {server.access.user}",
    )


async def test_a_server_that_wants_a_key_says_so_to_a_password(server: RealServer) -> None:
    outcome = await look(server.port, login=True, access=password(server.port))
    assert outcome.message == "takes no password from user webmon, only publickey"


async def test_a_stopped_server_refuses() -> None:
    port = free_port()
    outcome = await look(port)
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        f"connection refused by 127.0.0.1:{port}",
    )


async def test_the_kind_runs_through_the_registry(server: RealServer) -> None:
    outcome = await run(PROBES["ssh"], SshConfig(port=server.port), Target("localhost"), timeout=5)
    assert (outcome.status, outcome.phases.dns_us is not None) == (Status.UP, True)


# --- host keys


async def test_the_pinned_key_is_recognised_and_not_shown_again(server: RealServer) -> None:
    key = (await look(server.port)).host_key
    assert key is not None
    outcome = await look(server.port, pins=pinned(key))
    assert (outcome.status, outcome.host_key) == (Status.UP, None)


async def test_a_changed_key_is_down_and_gets_no_credentials() -> None:
    manners = Manners()
    with misbehaving(manners) as port:
        key = (await look(port)).host_key
        assert key is not None
    manners.host_key = OTHER_HOST_KEY
    with misbehaving(manners) as port:
        pins = pinned(replace(key, port=port))
        for access in (None, password(port)):
            outcome = await look(port, login=access is not None, access=access, pins=pins)
            now = outcome.evidence["fingerprint"]
            assert (outcome.status, outcome.host_key) == (Status.DOWN, None)
            assert outcome.message == (
                f"host key changed: {now} instead of {key.fingerprint} (first seen 3 May 2026)"
            )
            assert outcome.evidence["pinned_key"] == {
                "port": port,
                "fingerprint": key.fingerprint,
            }
    assert manners.logins == []


async def test_only_the_key_that_was_accepted_lets_the_checks_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a key that somebody accepted the fingerprint is known, and that is enough."""
    monkeypatch.setattr(session, "LINGER_SECONDS", 0)
    manners = Manners()
    accepted = HostKey(0, OTHER_HOST_KEY.get_name(), OTHER_HOST_KEY.get_base64())
    pin = {"type": accepted.type, "fingerprint": accepted.fingerprint}
    for shown, status in ((HOST_KEY, Status.DOWN), (OTHER_HOST_KEY, Status.UP)):
        manners.host_key = shown
        with misbehaving(manners) as port:
            pins = {str(port): pin | {"first_seen_at": "2026-05-03T10:00:00+00:00"}}
            outcome = await look(port, pins=pins)
        assert (outcome.status, outcome.host_key) == (status, None)


async def test_a_server_with_several_keys_is_asked_for_the_pinned_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "LINGER_SECONDS", 0)
    manners = Manners()
    manners.further_key = OTHER_HOST_KEY
    with misbehaving(manners) as port:
        for shown in (HOST_KEY, OTHER_HOST_KEY):
            key = HostKey(port, shown.get_name(), shown.get_base64())
            assert (await look(port, pins=pinned(key))).status is Status.UP
            await asyncio.sleep(0.01)


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows() -> None:
    key = HostKey(22, OTHER_HOST_KEY.get_name(), OTHER_HOST_KEY.get_base64())
    assert key.fingerprint == OTHER_HOST_KEY.fingerprint


# --- servers that misbehave


async def test_a_wrong_password_is_named() -> None:
    manners = Manners()
    with misbehaving(manners) as port:
        outcome = await look(port, login=True, access=password(port, "wrong"))
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        "wrong key or password for user webmon",
    )
    assert "wrong" not in str(outcome.evidence)


async def test_a_key_that_is_refused_is_followed_by_the_password() -> None:
    manners = Manners()
    with misbehaving(manners) as port:
        access = SshAccess(user="webmon", private_key=CLIENT_KEY, password="right", port=port)
        assert (await look(port, login=True, access=access)).status is Status.UP
    assert manners.logins[-1] == "right"


async def test_keyboard_interactive_is_named() -> None:
    manners = Manners()
    manners.methods, manners.password = "keyboard-interactive", None
    with misbehaving(manners) as port:
        outcome = await look(port, login=True, access=password(port))
    assert outcome.message == (
        "asks for keyboard-interactive, which only a person can answer: use a key"
    )


@pytest.mark.parametrize(
    ("first", "step"),
    [
        (b"", "waiting for the SSH banner"),
        (b"SSH-2.0-Hung_1.0\r\n", "exchanging keys with"),
        (b"SSH-2.0-Half", "exchanging keys with"),
    ],
)
async def test_a_server_that_hangs_ends_with_the_check_and_frees_its_thread(
    first: bytes, step: str
) -> None:
    before = set(threading.enumerate())
    with listening(saying(first)) as port:
        outcome = await look(port, timeout=0.3)
        assert outcome.status is Status.DOWN
        assert outcome.message.startswith("no answer within 0.3 s (")
        assert step in outcome.message
        for _ in range(50):
            new = set(threading.enumerate()) - before
            if not any("paramiko" in type(each).__module__ for each in new):
                break
            await asyncio.sleep(0.02)
        else:
            raise AssertionError("paramiko's thread is still there")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no SSH banner: 127.0.0.1:{} sent “HTTP/1.1 400"),
        (b"SSH-1.5-old\r\n", "no algorithm in common with the server: Incompatible"),
        (b"SSH-2.0-x\r\n" + b"\xff" * 64, "the key exchange failed"),
    ],
)
async def test_what_is_not_ssh_is_quoted(first: bytes, message: str) -> None:
    def serve(opened) -> None:
        saying(first)(opened)
        opened.shutdown(2)

    with listening(serve) as port:
        outcome = await look(port)
    assert outcome.status is Status.DOWN
    assert outcome.message.startswith(message.format(port)) or "closed the connection" in (
        outcome.message
    )


async def test_no_algorithm_in_common_says_nothing_about_the_server() -> None:
    def serve(opened: socket.socket) -> None:
        transport = paramiko.Transport(opened)
        transport.add_server_key(HOST_KEY)
        transport._preferred_ciphers = ("one-of-the-future",)
        with suppress(paramiko.SSHException, EOFError):
            transport.start_server(server=paramiko.ServerInterface())

    with listening(serve) as port:
        outcome = await look(port)
    assert outcome.status is Status.UNKNOWN
    assert "no algorithm in common with the server: for encryption (Ciphers)" in outcome.message


async def test_a_server_that_closes_at_once_has_no_banner() -> None:
    with listening(lambda opened: opened.shutdown(2)) as port:
        outcome = await look(port)
    assert outcome.message == f"no SSH banner: 127.0.0.1:{port} closed the connection"


@settings(max_examples=up_to(15), suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.booleans())
async def test_garbage_never_raises(garbage: bytes, with_banner: bool) -> None:
    def serve(opened) -> None:
        saying((b"SSH-2.0-x\r\n" if with_banner else b"") + garbage)(opened)
        opened.shutdown(1)

    with listening(serve) as port:
        assert (await look(port, timeout=0.5)).status is Status.DOWN


# --- one connection


async def test_checks_of_the_same_moment_share_one_connection_and_one_login() -> None:
    manners = Manners()
    manners.output = b"@@ proc_uptime\n5000.0 1.0\n@= 0\n@@ end\n"
    with misbehaving(manners) as port:
        target = Target("127.0.0.1", ssh=SshTarget(password(port)))
        outcomes = await asyncio.gather(
            look(port, access=password(port)),
            look(port, login=True, access=password(port)),
            run(PROBES["host_metrics"], HostMetricsConfig(), target, timeout=5),
            run(PROBES["host_metrics"], HostMetricsConfig(load_warn=3), target, timeout=5),
        )
        later = await look(port, access=password(port))
    assert [each.status for each in [*outcomes, later]] == [Status.UP] * 5
    assert (manners.connections, manners.logins, len(manners.asked)) == (1, ["right"], 1)


async def test_one_who_cannot_log_in_does_not_disturb_the_others() -> None:
    manners = Manners()
    with misbehaving(manners) as port:
        wrong, right = await asyncio.gather(
            look(port, login=True, access=password(port, "wrong")),
            look(port, access=password(port, "wrong")),
        )
        again = await look(port, login=True, access=password(port))
    assert (wrong.status, right.status, again.status) == (Status.DOWN, Status.UP, Status.UP)
    assert manners.connections == 2


async def test_a_connection_is_closed_soon_after_its_last_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "LINGER_SECONDS", 0.02)
    manners = Manners()
    with misbehaving(manners) as port:
        for _ in range(2):
            assert (await look(port)).status is Status.UP
            await asyncio.sleep(0.05)
    assert manners.connections == 2


async def test_without_a_free_thread_the_host_is_not_blamed() -> None:
    manners = Manners()
    manners.hangs_before_output = True
    loop = asyncio.get_running_loop()
    ends = threading.Event()
    with ThreadPoolExecutor(1) as pool, misbehaving(manners) as port:
        loop.set_default_executor(pool)
        busy = loop.run_in_executor(None, ends.wait, 5)
        target = Target("127.0.0.1", ssh=SshTarget(password(port)))
        outcome = await run(PROBES["host_metrics"], HostMetricsConfig(), target, timeout=1)
        ends.set()
        await busy
    assert outcome.status is Status.UNKNOWN
    assert outcome.message.startswith("no thread was free within 1 s: raise WEBMON_WORKER_THREADS")


# --- access


PROTECTED = new_key("open sesame")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "is required where no private_key is given"),
        ({"private_key": "PuTTY-User-Key-File-3: ssh-ed25519"}, "is a PuTTY key"),
        ({"private_key": "ssh-ed25519 AAAA x"}, "is the public half"),
        ({"private_key": "secret"}, "must be the text of a private key"),
        ({"private_key": CLIENT_KEY[:150]}, "END line is missing"),
        ({"private_key": CLIENT_KEY.replace("b3Bl", "aaaa")}, "cannot be read: is it complete?"),
        ({"private_key": PROTECTED}, "is protected by a passphrase"),
        ({"private_key": PROTECTED, "passphrase": "no"}, "cannot be read with this passphrase"),
        ({"password": "x", "user": "-oProxyCommand=x"}, "must be the name of a user"),
        ({"password": "x", "port": 0}, "greater than or equal to 1"),
        ({"password": "x", "shell": "/bin/sh"}, "Extra inputs"),
    ],
)
def test_access_that_cannot_work_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match="(?s)" + message.replace("?", r"\?")) as refusal:
        SshAccess.model_validate({"user": "webmon"} | fields)
    assert CLIENT_KEY not in str(refusal.value)


def test_keys_are_read_with_and_without_passphrase() -> None:
    given = SshAccess(user="webmon", private_key=PROTECTED, passphrase="open sesame")
    assert given.public_key and given.public_key.startswith("ssh-ed25519 AAAA")
    windows = SshAccess(user="webmon", private_key=CLIENT_KEY.replace("\n", "\r\n"), passphrase="")
    assert windows.private_key.get_secret_value() == CLIENT_KEY
    assert SshAccess.model_validate(crypto.unseal(crypto.seal(given))) == given


def test_no_secret_is_shown() -> None:
    access = SshAccess(user="webmon", private_key=CLIENT_KEY, password="hush")
    assert "hush" not in repr(access) and CLIENT_KEY[60:90] not in repr(access)


def test_a_password_has_no_line_for_authorized_keys() -> None:
    with pytest.raises(ValueError, match="give it a private key"):
        authorized_keys_line(password(22), [])
    line = authorized_keys_line(SshAccess(user="x", private_key=CLIENT_KEY), [])
    assert line.startswith('restrict,command="exec /bin/sh -c ')
    assert "\n" not in line
