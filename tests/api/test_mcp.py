"""The MCP server, by the client of its SDK: the same rules as REST, and the activity says "MCP"."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from mcp import Client, StdioServerParameters
from pydantic import SecretStr
from sqlmodel import select

from tests.api.keys import add_keys, add_tools
from webmon import clock, config, db
from webmon.api.mcp.server import new_server
from webmon.api.mcp.tools import TOOLS
from webmon.cli import mcp as command
from webmon.commands.accounts.api_keys import revoke_key
from webmon.models import Activity, Mute, Service
from webmon.origin import Way

READS = ["status", "hosts", "services", "incidents", "downtimes", "metrics"]
WRITES = [
    *("acknowledge", "mute", "pause", "resume", "check_now"),
    *("plan_downtime", "finish_downtime"),
]


@pytest.fixture
def keys(database: db.Database) -> dict[str, str]:
    """Two namespaces with a host, a service and an incident each, and three keys."""
    now = clock.utcnow()
    with database.write() as session:
        add_tools(session, now)
        return add_keys(session, now)


def client(key: str, *, writes: bool = True) -> Client:
    async def may_write() -> bool:
        return writes

    return Client(new_server(key, may_write=may_write))


async def call(server: Client, name: str, **arguments: Any) -> Any:
    said = await server.call_tool(name, arguments)
    [content] = said.content
    assert not said.is_error, content.text
    return json.loads(content.text)


async def refusal(server: Client, name: str, **arguments: Any) -> str:
    said = await server.call_tool(name, arguments)
    assert said.is_error
    return said.content[0].text


async def test_a_read_key_reads_and_changes_nothing(
    keys: dict[str, str], database: db.Database
) -> None:
    async with client(keys["read"], writes=False) as server:
        assert [each.name for each in (await server.list_tools()).tools] == READS
        status = await call(server, "status")
        assert sum(status["services"].values()) == len(status["open_incidents"]) == 2
        assert len((await call(server, "incidents", open=True))["items"]) == 2
        [host] = (await call(server, "hosts", namespace="di"))["items"]
        assert host["name"] == "Tool of di"
        [figures] = (await call(server, "metrics", host="Tool of di"))["hosts"]
        assert figures["namespace"] == "di"
        assert (await call(server, "downtimes"))["items"] == []
        assert "editor" in await refusal(server, "pause", id=1)
        assert "editor" in await refusal(server, "acknowledge", id=1)
        with database.write() as session:
            revoke_key(session, "read", actor=None, now=clock.utcnow())
        assert "revoked" in await refusal(server, "hosts")
    with database.read() as session:
        assert not session.exec(select(Activity).where(Activity.way == Way.MCP)).all()
        assert not any(each.paused for each in session.exec(select(Service)))


async def test_a_write_key_acts_and_the_activity_says_by_which_way(
    keys: dict[str, str], database: db.Database
) -> None:
    async with client(keys["write"]) as server:
        assert [each.name for each in (await server.list_tools()).tools] == READS + WRITES
        taken = await call(server, "acknowledge", id=1)
        assert taken["acknowledged_by"] == "API key write"
        await call(server, "mute", of="services", id=1, reason="new disks", **{"for": "2h"})
        assert (await call(server, "pause", id=1))["paused"] is True
        assert (await call(server, "resume", id=1))["paused"] is False
        await call(server, "check_now", id=1)
        wanted = {"namespace": "iati", "title": "Disks", "hosts": ["Tool of iati"]}
        plan = await call(server, "plan_downtime", **wanted, starts_at="now", duration="45m")
        assert (await call(server, "finish_downtime", id=plan["id"]))["title"] == "Disks"
        assert "hosts" in await refusal(
            server, "plan_downtime", **wanted | {"hosts": ["None"]}, starts_at="now", duration="1h"
        )
        assert "over" in await refusal(server, "finish_downtime", id=plan["id"])
        assert "id" in await refusal(server, "pause", id="1/../2")
        assert "no tool" in await refusal(server, "delete_everything")
    with database.read() as session:
        done = session.exec(select(Activity).where(Activity.way == Way.MCP)).all()
        assert {each.actor for each in done} == {"API key write"}
        assert {each.thing for each in done} >= {"incident", "service", "downtime"}
        assert session.exec(select(Mute)).one().reason == "new disks"


async def test_a_key_of_a_namespace_neither_sees_nor_changes_others(keys: dict[str, str]) -> None:
    async with client(keys["iati"]) as server:
        told = [await call(server, name) for name in READS]
        assert "di" not in {each["namespace"] for each in told[1]["items"]}
        assert "of di" not in json.dumps(told)
        assert sum(told[0]["services"].values()) == 1
        for name in ("pause", "check_now"):
            assert "this service does not exist" in await refusal(server, name, id=2)
        assert "this incident does not exist" in await refusal(server, "acknowledge", id=2)
        said = await refusal(
            server,
            "plan_downtime",
            namespace="di",
            title="Theirs",
            starts_at="now",
            duration="1h",
            whole_namespace=True,
        )
        assert "there is no namespace di" in said


async def test_the_command_serves_a_client(webmon: Any, tmp_path: Path) -> None:
    key = webmon("apikey", "add", "assistant", "--scope", "read").stdout.split()[-1]
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "webmon.cli", "mcp"],
        env=config.environment(WEBMON_DATA_DIR=str(tmp_path / "data"), WEBMON_MCP_KEY=key),
        cwd=config.ROOT,
    )
    async with Client(started) as server:
        assert [each.name for each in (await server.list_tools()).tools] == READS
        assert (await call(server, "hosts"))["items"] == []


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_while_the_client_is_there(
    webmon: Any, tmp_path: Path, number: signal.Signals
) -> None:
    key = webmon("apikey", "add", "assistant", "--scope", "read").stdout.split()[-1]
    started = subprocess.Popen(
        [sys.executable, "-m", "webmon.cli", "mcp"],
        env=config.environment(WEBMON_DATA_DIR=str(tmp_path / "data"), WEBMON_MCP_KEY=key),
        cwd=config.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert started.stdin is not None and started.stdout is not None
        started.stdin.write(json.dumps(HELLO).encode() + b"\n")
        started.stdin.flush()
        assert b"serverInfo" in started.stdout.readline()
        started.send_signal(number)
        assert started.wait(timeout=30) == 128 + number
        assert started.stderr is not None and started.stderr.read() == b""
    finally:
        started.kill()
        started.communicate()
    assert [each.name for each in (tmp_path / "data").glob("webmon.db*")] == ["webmon.db"]


@pytest.mark.parametrize(
    ("key", "said"), [("", "set it to an API key"), ("wm_wrong", "is not known")]
)
def test_without_a_key_that_holds_it_does_not_start(
    key: str,
    said: str,
    database: db.Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(config.settings(), "mcp_key", SecretStr(key))
    with pytest.raises(typer.Exit) as refused:
        command.mcp()
    assert refused.value.exit_code == 2
    line = capsys.readouterr().err
    assert line.startswith("webmon: WEBMON_MCP_KEY: ")
    assert said in line


def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    with pytest.raises(typer.Exit):
        command.mcp()
    assert "pip install 'webmon[mcp]'" in capsys.readouterr().err


def test_every_tool_says_what_it_does() -> None:
    assert [each.name for each in TOOLS] == READS + WRITES
    assert all(each.description.endswith(".") for each in TOOLS)
